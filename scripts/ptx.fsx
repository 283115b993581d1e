// Makes Compute/Cuda/kernels.ptx.br, the kernels as PTX inside the program, with NVRTC 11.8: its PTX is old enough
// for every driver that the program runs on. With --check it only says whether the file is up to date.
//
//   dotnet fsi scripts/ptx.fsx [--check]
//
// Exit codes: 0 done or up to date, 1 stale or not compiled, 3 no NVRTC 11.8 here.

#load "load.fsx"

open System
open System.IO
open SynthSae.Compute.Cuda
open SynthSae.Compute.Files

let file =
    Path.GetFullPath(Path.Combine(__SOURCE_DIRECTORY__, "..", "Compute", "Cuda", "kernels.ptx.br"))

let leave (code: int) (message: string) : 'T =
    eprintfn "%s" message
    exit code

let checking =
    match Script.arguments with
    | [] -> false
    | [ "--check" ] -> true
    | _ -> leave 2 "ptx: takes no argument but --check"

let needed = Version(11, 8)

match (Library.search CudaLibrary.Nvrtc).Found with
| Some(_, version) when version = needed -> ()
| Some(path, version) ->
    leave 3 $"PTX not checked: {path} is NVRTC {version}, and {needed} is needed"
| None ->
    leave 3 "PTX not checked: no NVRTC (Debian: libnvrtc11.2 and libnvrtc-builtins11.8, non-free)"

let ptx =
    match Nvrtc.compile Kernels.source EmbeddedKernels.Architecture Compiler.options with
    | Ok compilation -> compilation.Image
    | Error problem -> leave 1 problem

let wanted = EmbeddedKernels.pack Kernels.source ptx

let plain (packed: byte[]) =
    EmbeddedKernels.unpack (new MemoryStream(packed))

if not checking then
    AtomicFile.writeBytes file wanted
    printfn $"{file}: {ptx.Length} bytes of PTX as {wanted.Length}"
elif File.Exists file && plain (File.ReadAllBytes file) = plain wanted then
    printfn "The embedded PTX is up to date."
else
    leave 1 "Compute/Cuda/kernels.ptx.br is not made of these kernels: run ./synthsae ptx"
