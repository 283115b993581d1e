namespace SynthSae.Compute.Cuda

open System
open System.IO
open System.Runtime.InteropServices

[<UnmanagedFunctionPointer(CallingConvention.Cdecl)>]
type internal VersionOfOne = delegate of nativeptr<int> -> int

[<UnmanagedFunctionPointer(CallingConvention.Cdecl)>]
type internal VersionOfTwo = delegate of nativeptr<int> * nativeptr<int> -> int

[<UnmanagedFunctionPointer(CallingConvention.Cdecl)>]
type internal VersionReturned = delegate of unit -> unativeint

/// Opens the file of a library, and sees to it that it is one.
module internal LibraryFile =
    [<RequireQualifiedAccess>]
    type Outcome =
        | Absent
        | Unusable of string
        | Loaded of nativeint * path: string * Version

    let private load (file: string) : Result<nativeint, string> =
        try
            Ok(NativeLibrary.Load file)
        with
        | :? DllNotFoundException as error ->
            // The system's words stand in the last line, after advice for developers.
            let last =
                error.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries) |> Array.last

            Error(last.Trim().Replace(file + ": ", ""))
        | :? BadImageFormatException -> Error "is not a library for this processor"

    /// The file behind a library that the loader found, as the kernel lists it.
    let private mapped (stem: string) : string option =
        File.ReadLines "/proc/self/maps"
        |> Seq.choose (fun line ->
            match line.IndexOf '/' with
            | -1 -> None
            | at -> Some(line.Substring at))
        |> Seq.tryFind (fun path -> (Path.GetFileName path).StartsWith stem)

    let private ofThousands (version: int) =
        Version(version / 1000, version % 1000 / 10)

    // Since 11.9 the major version counts ten thousands.
    let private ofCublas (version: int) =
        if version >= 100_000 then
            Version(version / 10_000, version / 100 % 100, version % 100)
        else
            Version(version / 1000, version / 100 % 10, version % 100)

    /// Ask a library for its version, which also shows that it is the right one.
    let private versionOf library (handle: nativeint) : Result<Version, string> =
        let call (name: string) (read: nativeint -> Result<Version, string>) =
            match NativeLibrary.TryGetExport(handle, name) with
            | true, address -> read address
            | _ -> Error $"has no {name}"

        let checkedBy code version =
            if code = 0 then Ok version else Error $"does not tell its version (error {code})"

        match library with
        | CudaLibrary.Driver ->
            call "cuDriverGetVersion" (fun address ->
                let mutable version = 0
                let get = Marshal.GetDelegateForFunctionPointer<VersionOfOne> address
                checkedBy (get.Invoke &&version) (ofThousands version))
        | CudaLibrary.Nvrtc ->
            call "nvrtcVersion" (fun address ->
                let mutable major = 0
                let mutable minor = 0
                let get = Marshal.GetDelegateForFunctionPointer<VersionOfTwo> address
                checkedBy (get.Invoke(&&major, &&minor)) (Version(major, minor)))
        | CudaLibrary.CublasLt ->
            call "cublasLtGetVersion" (fun address ->
                let get = Marshal.GetDelegateForFunctionPointer<VersionReturned> address
                Ok(ofCublas (int (get.Invoke()))))

    /// NVRTC loads its second half by name at the first compilation, and does not look beside itself:
    /// in a folder that the loader does not know it must be there already.
    let private loadBuiltins (folder: string) (soName: string) =
        let major = (soName.Split '.')[2]

        if Directory.Exists folder then
            for file in Directory.EnumerateFiles(folder, $"libnvrtc-builtins.so.{major}.*") do
                load file |> ignore

    let private accept library (path: string) handle =
        match versionOf library handle with
        | Ok version -> Outcome.Loaded(handle, path, version)
        | Error problem ->
            NativeLibrary.Free handle
            Outcome.Unusable problem

    /// Open a library in a folder, by the name of one of its versions.
    let openFile library soName folder =
        let file = Path.Combine(folder, soName)

        if not (File.Exists file) then
            Outcome.Absent
        elif LibraryPlaces.isStub file then
            Outcome.Unusable "is a stub to link against"
        else
            if library = CudaLibrary.Nvrtc then
                loadBuiltins folder soName

            match load file with
            | Ok handle -> accept library file handle
            | Error problem -> Outcome.Unusable problem

    /// Open a library where the loader finds it.
    let openByName library soName =
        match load soName with
        | Error problem when problem.StartsWith "cannot open shared object file: No such" ->
            Outcome.Absent
        | Error problem -> Outcome.Unusable problem
        | Ok handle ->
            let path = mapped (LibraryPlaces.stem library) |> Option.defaultValue soName

            if LibraryPlaces.isStub path then
                NativeLibrary.Free handle
                Outcome.Unusable $"{path} is a stub to link against"
            else
                if library = CudaLibrary.Nvrtc then
                    loadBuiltins (Path.GetDirectoryName path) soName

                accept library path handle
