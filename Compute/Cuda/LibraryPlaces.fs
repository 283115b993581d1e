namespace SynthSae.Compute.Cuda

open System
open System.IO.Enumeration
open System.Runtime.InteropServices

/// NVIDIA's libraries that the CUDA backend stands on.
[<RequireQualifiedAccess>]
type CudaLibrary =
    /// libcuda, the driver's: without it there is no GPU.
    | Driver
    /// libnvrtc, the compiler of kernels: without it the embedded PTX serves.
    | Nvrtc
    /// libcublasLt, matrix products: without it the project's own kernel multiplies.
    | CublasLt

/// Somewhere a library may lie.
[<RequireQualifiedAccess>]
type Place =
    /// Where the system's loader looks (LD_LIBRARY_PATH, ldconfig's list), by the bare name.
    | Loader
    | Folder of string

/// The machine around the program, as far as it says where libraries may lie.
type Surroundings =
    {
        /// The value of an environment variable; none when it is missing or empty.
        Variable: string -> string option
        /// The names in a folder; empty when there is no such folder.
        Entries: string -> string list
    }

/// Names of the libraries and the folders they may lie in. Pure: the effects are `Library`'s.
module LibraryPlaces =
    /// The setting that says where the libraries are: folders, separated by colons. Where it is given,
    /// nowhere else is looked.
    [<Literal>]
    let Setting = "SYNTHSAE_CUDA_PATH"

    /// CUDA's major versions that the bindings know, the newest first.
    let majors = [ 13; 12; 11 ]

    /// The part of the file name before the version.
    let stem library =
        match library with
        | CudaLibrary.Driver -> "libcuda.so"
        | CudaLibrary.Nvrtc -> "libnvrtc.so"
        | CudaLibrary.CublasLt -> "libcublasLt.so"

    /// The file name under which a library of a major version is loaded. The driver's name has stayed.
    let soName library major =
        match library, major with
        | CudaLibrary.Driver, _ -> stem library + ".1"
        | CudaLibrary.Nvrtc, 11 -> stem library + ".11.2"
        | _ -> $"{stem library}.{major}"

    /// The names to try, the best first: one of the driver's, and of the others those that the driver is
    /// new enough for. Without a driver every version will do (kernels can be compiled, not run).
    let soNames library (driver: Version option) =
        match library with
        | CudaLibrary.Driver -> [ soName library 1 ]
        | _ ->
            majors
            |> List.filter (fun major ->
                driver |> Option.forall (fun version -> major <= version.Major))
            |> List.map (soName library)

    // (name of Debian's multiarch folder, name of the toolkit's target)
    let private multiarch, private target =
        match RuntimeInformation.ProcessArchitecture with
        | Architecture.Arm64 -> "aarch64-linux-gnu", "sbsa-linux"
        | _ -> "x86_64-linux-gnu", "x86_64-linux"

    let private driverPatterns =
        [ $"/usr/lib/{multiarch}"
          "/usr/lib64"
          $"/usr/lib/{multiarch}/nvidia/current"
          "/usr/local/nvidia/lib64"
          "/usr/lib/wsl/lib"
          "/run/opengl-driver/lib" ]

    let private toolkitPatterns (surroundings: Surroundings) =
        let inside root =
            [ root + "/lib64"; $"{root}/targets/{target}/lib" ]

        let named = [ "CUDA_HOME"; "CUDA_PATH"; "CUDA_ROOT" ] |> List.choose surroundings.Variable

        List.collect inside (named @ [ "/usr/local/cuda"; "/usr/local/cuda-*"; "/opt/cuda" ])

    let private parent (folder: string) =
        match folder.TrimEnd('/').LastIndexOf '/' with
        | -1 -> ""
        | at -> folder.Substring(0, at)

    /// The folders above those on PATH that hold a Python; pyenv's has its installations beside it.
    let private pythonsOnPath (surroundings: Surroundings) =
        surroundings.Variable "PATH"
        |> Option.defaultValue ""
        |> fun path -> path.Split(':', StringSplitOptions.RemoveEmptyEntries)
        |> List.ofArray
        |> List.filter (surroundings.Entries >> List.contains "python3")
        |> List.collect (fun folder ->
            if folder.TrimEnd('/').EndsWith "/shims" then
                [ parent folder + "/versions/*" ]
            else
                [ parent folder ])

    let private pythonPatterns (surroundings: Surroundings) =
        let variable name =
            Option.toList (surroundings.Variable name)

        let home = variable "HOME" |> List.map (fun home -> home + "/.local")

        let roots =
            variable "VIRTUAL_ENV"
            @ variable "CONDA_PREFIX"
            @ pythonsOnPath surroundings
            @ [ "/opt/*/.venv"; "/opt/*" ]
            @ home

        // Debian's own Python calls the folder dist-packages.
        [ for root in roots do
              for packages in [ "site-packages"; "dist-packages" ] -> root, packages ]
        |> List.map (fun (root, packages) -> $"{root}/lib/python3*/{packages}/nvidia/*/lib")

    let private condaPatterns (surroundings: Surroundings) =
        match surroundings.Variable "CONDA_PREFIX" with
        | Some root -> [ root + "/lib"; $"{root}/targets/{target}/lib" ]
        | None -> []

    let private versionOf (name: string) =
        let digits = String.map (fun c -> if Char.IsAsciiDigit c then c else ' ') name

        digits.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        |> Array.map (fun number -> snd (UInt64.TryParse number))
        |> List.ofArray

    /// The folders that a pattern names: a part with a star stands for all names that match it, the newest
    /// version first. Parts without a star are taken as they are.
    let expand (entries: string -> string list) (pattern: string) : string list =
        let step folders (part: string) =
            if part.Contains '*' then
                [ for folder in folders do
                      let found =
                          entries folder
                          |> List.filter (fun name ->
                              FileSystemName.MatchesSimpleExpression(part, name))
                          |> List.sortWith (fun a b -> compare (versionOf b, a) (versionOf a, b))

                      for name in found -> $"{folder}/{name}" ]
            else
                folders |> List.map (fun folder -> $"{folder}/{part}")

        pattern.Split('/', StringSplitOptions.RemoveEmptyEntries) |> Array.fold step [ "" ]

    // Toolkits bring empty libraries to link against, which do nothing at run time.
    let isStub (path: string) = (path + "/").Contains "/stubs/"

    /// Where to look for a library, in order: the setting's folders and nothing else; or the loader, then
    /// (the driver) the folders that distributions install it to, (the others) toolkits, Python and conda
    /// environments, the distribution's folder.
    let places (surroundings: Surroundings) library : Place list =
        let folders patterns =
            patterns
            |> List.collect (expand surroundings.Entries)
            |> List.filter (isStub >> not)
            |> List.distinct
            |> List.map Place.Folder

        match surroundings.Variable Setting, library with
        | Some setting, _ ->
            setting.Split(':', StringSplitOptions.RemoveEmptyEntries)
            |> List.ofArray
            |> List.distinct
            |> List.map Place.Folder
        | None, CudaLibrary.Driver -> Place.Loader :: folders driverPatterns
        | None, _ ->
            Place.Loader
            :: folders (
                toolkitPatterns surroundings
                @ pythonPatterns surroundings
                @ condaPatterns surroundings
                @ [ $"/usr/lib/{multiarch}"; "/usr/lib64" ]
            )
