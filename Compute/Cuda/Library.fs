namespace SynthSae.Compute.Cuda

open System
open System.IO
open System.Reflection
open System.Runtime.InteropServices

/// Finds NVIDIA's libraries under the names by which they are imported.
module Library =
    /// Folders, separated by colons, in which alone the libraries are looked for where it is set.
    [<Literal>]
    let PathVariable = "SYNTHSAE_CUDA_PATH"

    let private file name =
        match name with
        | "cuda" -> Some "libcuda.so.1"
        | "cublasLt" -> Some "libcublasLt.so.12"
        | _ -> None

    let private load (name: string) (_: Assembly) (_: Nullable<DllImportSearchPath>) =
        match file name, Environment.GetEnvironmentVariable PathVariable with
        | Some file, folders when not (String.IsNullOrEmpty folders) ->
            folders.Split ':'
            |> Seq.map (fun folder -> Path.Combine(folder, file))
            |> Seq.tryFind File.Exists
            |> Option.map NativeLibrary.Load
            |> Option.defaultValue 0n
        | _ -> 0n

    let private resolver =
        lazy NativeLibrary.SetDllImportResolver(Assembly.GetExecutingAssembly(), load)

    /// From now on imports are resolved.
    let resolve () = resolver.Force()
