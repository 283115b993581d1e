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

/// Looks for a library and loads it.
module LibrarySearch =
    let private describe place (outcomes: LibraryFile.Outcome list) =
        let problems =
            outcomes
            |> List.choose (function
                | LibraryFile.Outcome.Unusable problem -> Some problem
                | _ -> None)

        match place, problems with
        | _, _ :: _ -> String.concat "; " (List.distinct problems)
        | Place.Folder folder, [] when not (Directory.Exists folder) -> "no such folder"
        | _ -> "not there"

    let private nameOf place =
        match place with
        | Place.Loader -> "the loader's path"
        | Place.Folder folder -> folder

    /// Versions that lie there and cannot be used, as the driver is older.
    let private tooNew library (driver: Version option) place =
        match place, driver with
        | Place.Folder folder, Some version ->
            LibraryPlaces.soNames library None
            |> List.except (LibraryPlaces.soNames library driver)
            |> List.filter (fun name -> File.Exists(Path.Combine(folder, name)))
            |> List.map (fun name ->
                LibraryFile.Outcome.Unusable
                    $"{name} is newer than the driver, which runs CUDA {version}")
        | _ -> []

    let private attempt library soName place =
        match place with
        | Place.Loader -> LibraryFile.openByName library soName
        | Place.Folder folder -> LibraryFile.openFile library soName folder

    /// Look for a library by each name in turn, the best first, and for each name everywhere; load the first that
    /// is one. The handle is 0 when there is none.
    let run surroundings library (driver: Version option) : nativeint * Search =
        let places = LibraryPlaces.places surroundings library
        let tried = ResizeArray<Place * LibraryFile.Outcome>()

        let found =
            List.allPairs (LibraryPlaces.soNames library driver) places
            |> Seq.tryPick (fun (soName, place) ->
                match attempt library soName place with
                | LibraryFile.Outcome.Loaded(handle, path, version) -> Some(handle, path, version)
                | outcome ->
                    tried.Add(place, outcome)
                    None)

        let outcomes place =
            [ for other, outcome in tried do
                  if other = place then
                      outcome ]

        let told =
            match found with
            | Some _ ->
                Seq.map fst tried
                |> Seq.distinct
                |> Seq.map (fun place -> nameOf place, describe place (outcomes place))
                |> List.ofSeq
            | None ->
                [ for place in places do
                      nameOf place, describe place (outcomes place @ tooNew library driver place) ]

        let handle =
            match found with
            | Some(handle, _, _) -> handle
            | None -> 0n

        handle,
        { Name = LibraryPlaces.stem library
          Found = found |> Option.map (fun (_, path, version) -> path, version)
          Tried = told }

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

    let private look library driver =
        LibrarySearch.run surroundings library driver

    let private driver = lazy (look CudaLibrary.Driver None)

    let private driverVersionNow () =
        (snd driver.Value).Found |> Option.map snd

    let private nvrtc = lazy (look CudaLibrary.Nvrtc (driverVersionNow ()))
    let private cublasLt = lazy (look CudaLibrary.CublasLt (driverVersionNow ()))

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
