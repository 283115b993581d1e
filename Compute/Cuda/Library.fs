namespace SynthSae.Compute.Cuda

open System
open System.IO
open System.Runtime.InteropServices

/// How the search for one library went.
type Search =
    {
        /// The library's file name without its version, e.g. `libnvrtc.so`.
        Name: string
        /// The file that was loaded, and the version that it says it has.
        Found: (string * Version) option
        /// Where was looked before it was found, and what was there; folders in order.
        Tried: (string * string) list
    }

    /// Why there is no such library, in one line.
    member this.Problem =
        match this.Found, this.Tried with
        | Some _, _ -> ""
        | None, [] -> $"no {this.Name}: {LibraryPlaces.Setting} names no folder"
        | None, tried ->
            let absent = set [ "not there"; "no such folder" ]

            match tried |> List.filter (fun (_, outcome) -> not (absent.Contains outcome)) with
            | (place, outcome) :: _ -> $"{this.Name} cannot be used: {place}: {outcome}"
            | [] -> $"no {this.Name} in any of {tried.Length} places"

[<UnmanagedFunctionPointer(CallingConvention.Cdecl)>]
type internal VersionOfOne = delegate of nativeptr<int> -> int

[<UnmanagedFunctionPointer(CallingConvention.Cdecl)>]
type internal VersionOfTwo = delegate of nativeptr<int> * nativeptr<int> -> int

[<UnmanagedFunctionPointer(CallingConvention.Cdecl)>]
type internal VersionReturned = delegate of unit -> unativeint

/// Finds and loads NVIDIA's libraries, each at its first use and once. The bindings name them `cuda`,
/// `nvrtc` and `cublasLt`; nothing of them may be called before `search` has found the library.
module Library =
    /// Folders, separated by colons, in which alone the libraries are looked for where it is set.
    [<Literal>]
    let PathVariable = LibraryPlaces.Setting

    [<Literal>]
    let Cuda = "cuda"

    [<Literal>]
    let NvrtcName = "nvrtc"

    [<Literal>]
    let CublasLtName = "cublasLt"

    /// The environment and the folders of this machine.
    let surroundings: Surroundings =
        { Variable = Environment.GetEnvironmentVariable >> Option.ofObj >> Option.filter ((<>) "")
          Entries =
            fun folder ->
                try
                    Directory.EnumerateFileSystemEntries(if folder = "" then "/" else folder)
                    |> Seq.map Path.GetFileName
                    |> List.ofSeq
                with
                | :? IOException
                | :? UnauthorizedAccessException -> [] }

    [<RequireQualifiedAccess>]
    type private Outcome =
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

    // Since 12 the major version counts ten thousands.
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

        for name in surroundings.Entries folder do
            if name.StartsWith $"libnvrtc-builtins.so.{major}." then
                load (Path.Combine(folder, name)) |> ignore

    let private accept library (path: string) handle =
        match versionOf library handle with
        | Ok version -> Outcome.Loaded(handle, path, version)
        | Error problem ->
            NativeLibrary.Free handle
            Outcome.Unusable problem

    let private openFile library soName folder =
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

    let private openByName library soName =
        match load soName with
        | Error problem when problem.Contains "No such file" -> Outcome.Absent
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

    let private describe place (outcomes: Outcome list) =
        let problems =
            outcomes
            |> List.choose (function
                | Outcome.Unusable problem -> Some problem
                | _ -> None)

        match place, problems with
        | _, _ :: _ -> String.concat "; " (List.distinct problems)
        | Place.Folder folder, [] when not (Directory.Exists folder) -> "no such folder"
        | _ -> "not there"

    let private nameOf place =
        match place with
        | Place.Loader -> "the loader's path"
        | Place.Folder folder -> folder

    /// Look for a library by each name in turn, and for each name everywhere.
    let private run library (driver: Version option) : nativeint * Search =
        let places = LibraryPlaces.places surroundings library

        let attempt (soName, place) =
            let outcome =
                match place with
                | Place.Loader -> openByName library soName
                | Place.Folder folder -> openFile library soName folder

            place, outcome

        let attempts = List.allPairs (LibraryPlaces.soNames library driver) places
        let tried = ResizeArray<Place * Outcome>()

        let found =
            attempts
            |> Seq.map attempt
            |> Seq.tryPick (fun (place, outcome) ->
                match outcome with
                | Outcome.Loaded(handle, path, version) -> Some(handle, path, version)
                | _ ->
                    tried.Add(place, outcome)
                    None)

        let outcomes =
            List.ofSeq tried
            |> List.groupBy fst
            |> List.map (fun (place, outcomes) ->
                nameOf place, describe place (List.map snd outcomes))

        let handle =
            match found with
            | Some(handle, _, _) -> handle
            | None -> 0n

        handle,
        { Name = LibraryPlaces.stem library
          Found = found |> Option.map (fun (_, path, version) -> path, version)
          Tried = outcomes }

    let private driver = lazy (run CudaLibrary.Driver None)

    let private driverVersionNow () =
        (snd driver.Value).Found |> Option.map snd

    let private nvrtc = lazy (run CudaLibrary.Nvrtc (driverVersionNow ()))
    let private cublasLt = lazy (run CudaLibrary.CublasLt (driverVersionNow ()))

    let private found library =
        match library with
        | CudaLibrary.Driver -> driver
        | CudaLibrary.Nvrtc -> nvrtc
        | CudaLibrary.CublasLt -> cublasLt

    let private resolver =
        lazy
            (let assembly = typeof<Search>.Assembly

             let resolve (name: string) _ _ =
                 match name with
                 | Cuda -> fst driver.Value
                 | NvrtcName -> fst nvrtc.Value
                 | CublasLtName -> fst cublasLt.Value
                 | _ -> 0n

             NativeLibrary.SetDllImportResolver(assembly, DllImportResolver resolve))

    /// Look for a library, once in the life of the process, and make its functions callable if it is there.
    let search library : Search =
        resolver.Force()
        snd (found library).Value

    /// The library is there, and its functions may be called.
    let isFound library = (search library).Found.IsSome

    /// The newest CUDA that the driver can run; none without a driver.
    let driverVersion () : Version option =
        (search CudaLibrary.Driver).Found |> Option.map snd
