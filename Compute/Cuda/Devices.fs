namespace SynthSae.Compute.Cuda

open System
open System.Threading.Tasks
open SynthSae.Compute

/// A GPU of the machine as it is now.
type Device =
    {
        Info: GpuInfo
        /// Bytes; none when the device cannot be opened at present.
        FreeMemory: int64 option
    }

/// The GPUs of the machine.
module Devices =
    /// The oldest CUDA whose driver has all functions that are used.
    let oldestDriver = Version(11, 4)

    /// The oldest compute capability that the kernels run on (asynchronous copies, bfloat16).
    let oldestCapability = (8, 0)

    let private noDevice =
        lazy
            (match Environment.GetEnvironmentVariable "CUDA_VISIBLE_DEVICES" with
             | null -> "no device: the driver sees no GPU"
             | value -> $"no device: the driver sees no GPU (CUDA_VISIBLE_DEVICES is '{value}')")

    let private start () : Result<unit, string> =
        // CUDA_ERROR_NO_DEVICE.
        match DriverApi.cuInit 0u with
        | 0 -> Ok()
        | 100 -> Error noDevice.Value
        | code ->
            Error
                $"the driver does not start: {Driver.errorName code} ({code}): {Driver.errorText code}"

    let private initialised =
        lazy
            (let search = Library.search CudaLibrary.Driver

             match search.Found with
             | None -> Error $"no driver: {search.Problem}"
             | Some(_, version) when version < oldestDriver ->
                 Error
                     $"driver too old: it runs CUDA {version}, and {oldestDriver} or newer is needed"
             | Some _ -> start ())

    let private count () =
        let mutable count = 0
        DriverApi.cuDeviceGetCount &count |> Driver.check "cuDeviceGetCount"
        count

    let private freeInContext (context: nativeint) : int64 option =
        let mutable free = 0un
        let mutable total = 0un

        if
            DriverApi.cuCtxSetCurrent context = 0 && DriverApi.cuMemGetInfo_v2 (&free, &total) = 0
        then
            Some(int64 free)
        else
            None

    /// Needs a context, which takes a fraction of a second and some device memory for as long.
    let private freeMemory index : int64 option =
        let mutable device = 0
        let mutable context = 0n
        DriverApi.cuDeviceGet (&device, index) |> Driver.check "cuDeviceGet"

        if DriverApi.cuDevicePrimaryCtxRetain (&context, device) <> 0 then
            None
        else
            let context = context
            // The context is the thread's: one of its own leaves those that work undisturbed.
            let asking =
                Task.Factory.StartNew(
                    (fun () -> freeInContext context),
                    TaskCreationOptions.LongRunning
                )

            let free = asking.Result
            DriverApi.cuDevicePrimaryCtxRelease_v2 device |> ignore
            free

    /// The GPUs, by number; or why there is none.
    let list () : Result<Device list, string> =
        initialised.Value
        |> Result.bind (fun () ->
            match count () with
            | 0 -> Error noDevice.Value
            | count ->
                Ok
                    [ for index in 0 .. count - 1 do
                          { Info = Gpu.Describe index; FreeMemory = freeMemory index } ])

    /// What the GPUs are, by number, without opening any: that would take memory of each.
    let describe () : Result<GpuInfo list, string> =
        initialised.Value
        |> Result.map (fun () -> [ for index in 0 .. count () - 1 -> Gpu.Describe index ])

    /// The kernels run on it.
    let isUsable (info: GpuInfo) =
        (info.Major, info.Minor) >= oldestCapability

    let private choose choice : Result<int, string> =
        match choice with
        | DeviceChoice.Index index ->
            initialised.Value
            |> Result.bind (fun () ->
                match count () with
                | 0 -> Error noDevice.Value
                | 1 when index > 0 -> Error "there is one GPU, cuda:0"
                | count when index >= count ->
                    Error $"there are {count} GPUs, cuda:0 to cuda:{count - 1}"
                | _ -> Ok index)
        | DeviceChoice.Freest ->
            list ()
            |> Result.map (
                List.maxBy (fun device -> isUsable device.Info, defaultArg device.FreeMemory -1L)
                >> _.Info.Index
            )

    let private openAt (cache: string option) index : Result<Gpu * KernelImage, string> =
        let info = Gpu.Describe index
        let capability = info.Major, info.Minor

        let load (image: KernelImage) =
            try
                Ok(Gpu.Open(index, image.Bytes))
            with CudaError("cuModuleLoadDataEx", _, _, _) as error ->
                Error error.Message

        if not (isUsable info) then
            let needed = $"{fst oldestCapability}.{snd oldestCapability}"

            Error
                $"{info.Name} is too old: compute capability {info.Major}.{info.Minor}, and {needed} is needed"
        else
            Compiler.load cache Kernels.source capability load
            |> Result.mapError (fun problem -> $"no kernels for {info.Name}: {problem}")

    /// Open a GPU and load the kernels, which are compiled at their first use and then kept in the cache folder, if
    /// there is one. Also gives the image that was loaded; the error says why there is no such GPU.
    let tryOpen (cache: string option) (choice: DeviceChoice) : Result<Gpu * KernelImage, string> =
        choose choice |> Result.bind (openAt cache)

    /// Open a GPU. Raises `BadInput` when there is none.
    let openDevice (cache: string option) (choice: DeviceChoice) : Gpu =
        match tryOpen cache choice with
        | Ok(gpu, _) -> gpu
        | Error problem -> raise (BadInput(string choice, problem))

    /// Open a GPU by its number, without a cache.
    let openIndex (index: int) : Gpu =
        openDevice None (DeviceChoice.Index index)
