namespace SynthSae.Compute.Cuda

open System
open SynthSae.Compute
open SynthSae.Compute.Files

/// Where an image of the kernels came from.
[<RequireQualifiedAccess>]
type ImageOrigin =
    /// Compiled now, for an architecture (`sm_90`), by this version of NVRTC.
    | Compiled of architecture: string * nvrtc: Version
    /// Compiled earlier and kept in this file.
    | Cached of file: string
    /// The PTX inside the program; the driver compiles it.
    | Embedded

    override origin.ToString() =
        match origin with
        | Compiled(architecture, nvrtc) -> $"{architecture}, compiled by NVRTC {nvrtc}"
        | Cached file -> $"compiled earlier, {file}"
        | Embedded -> "embedded PTX"

/// The kernels as the driver loads them.
type KernelImage =
    {
        /// A cubin, or PTX that ends with a zero byte.
        Bytes: byte[]
        Origin: ImageOrigin
    }

/// From the kernels' source to an image for a device.
module Compiler =
    /// To be raised when the same source and options must be compiled anew.
    [<Literal>]
    let private FormatVersion = 1

    /// Products and sums round each, as the other backends' do: kernels that fuse them say so (`fmaf`).
    let options = [ "--std=c++17"; "--fmad=false" ]

    /// What to compile for on a device of a capability (major, minor): its own code if the compiler knows the
    /// architecture, else PTX of the newest that it knows and the device runs; none when there is none.
    let architecture (known: int list) (major: int, minor: int) : string option =
        let device = 10 * major + minor

        if List.contains device known then
            Some $"sm_{device}"
        else
            known
            |> List.filter (fun architecture -> architecture < device)
            |> List.tryLast
            |> Option.map (sprintf "compute_%d")

    let private key (source: string) (architecture: string) (nvrtc: Version) =
        let flags = String.concat " " options
        $"kernels {FormatVersion} {Checksum.fnv1a source} {architecture} nvrtc {nvrtc} {flags}"

    let private compileAndStore folder source architecture (nvrtc: Version) key =
        Nvrtc.compile source architecture options
        |> Result.map (fun compilation ->
            // A cache that cannot be written to costs time, not more.
            try
                folder |> Option.iter (fun folder -> ImageCache.store folder key compilation.Image)
            with BadInput _ ->
                ()

            { Bytes = compilation.Image
              Origin = ImageOrigin.Compiled(architecture, nvrtc) })

    let private compiled (folder: string option) source capability (nvrtc: Version) =
        match architecture (Nvrtc.architectures ()) capability with
        | None -> Error $"NVRTC {nvrtc} knows no architecture of compute capability {capability}"
        | Some architecture ->
            let key = key source architecture nvrtc

            match folder |> Option.bind (fun folder -> ImageCache.tryLoad folder key) with
            | Some bytes ->
                Ok
                    { Bytes = bytes
                      Origin = ImageOrigin.Cached(ImageCache.entry folder.Value key) }
            | None -> compileAndStore folder source architecture nvrtc key

    let private byNvrtc folder source capability () =
        let search = Library.search CudaLibrary.Nvrtc

        match search.Found with
        | Some(_, version) -> compiled folder source capability version
        | None -> Error search.Problem

    let private embedded () =
        match EmbeddedKernels.tryLoad () with
        | Some ptx -> Ok { Bytes = ptx; Origin = ImageOrigin.Embedded }
        | None -> Error "no kernels are embedded in this program"

    /// Make an image of the kernels for a device of a capability and hand it to the driver: what NVRTC compiles
    /// for the device (kept in the cache folder, if there is one), else the embedded PTX. `load` gives the
    /// driver's answer; an image that it refuses is passed over. The error says everything that was tried.
    let load
        (folder: string option)
        (source: string)
        (capability: int * int)
        (load: KernelImage -> Result<'T, string>)
        : Result<'T * KernelImage, string> =
        let attempt make =
            make ()
            |> Result.bind (fun image ->
                load image
                |> Result.map (fun loaded -> loaded, image)
                |> Result.mapError (fun problem -> $"{image.Origin}: {problem}"))

        let rec firstOf (problems: string list) attempts =
            match attempts with
            | [] -> Error(problems |> List.rev |> String.concat "; ")
            | make :: rest ->
                match attempt make with
                | Ok loaded -> Ok loaded
                | Error problem -> firstOf (problem :: problems) rest

        firstOf [] [ byNvrtc folder source capability; embedded ]

    /// An image of the kernels for a device of a capability, without asking a driver.
    let image folder source capability : Result<KernelImage, string> =
        load folder source capability (fun _ -> Ok()) |> Result.map snd
