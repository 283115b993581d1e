namespace SynthSae.Compute.Cuda

open System
open System.Collections.Generic
open System.Runtime.InteropServices
open System.Text
open FSharp.NativeInterop
open SynthSae.Compute

/// An argument of a kernel: its bits, and its type as the kernel's source says it.
[<Struct>]
type Arg =
    private
        { Bits: uint64
          Type: string }

    /// By value.
    static member Of(value: int) =
        { Bits = uint64 (uint32 value); Type = "int" }

    /// By value.
    static member Of(value: uint32) = { Bits = uint64 value; Type = "u32" }

    /// By value.
    static member Of(value: int64) = { Bits = uint64 value; Type = "i64" }

    /// By value.
    static member Of(value: uint64) = { Bits = value; Type = "u64" }

    /// By value.
    static member Of(value: float32) =
        { Bits = uint64 (BitConverter.SingleToUInt32Bits value)
          Type = "float" }

    /// By value.
    static member Of(value: float) =
        { Bits = BitConverter.DoubleToUInt64Bits value
          Type = "double" }

    /// An address of elements of this type.
    static member Pointer(address: uint64, elements: string) =
        { Bits = address; Type = elements + "*" }

/// What a GPU is.
type GpuInfo =
    {
        /// Its number.
        Index: int
        Name: string
        /// Compute capability.
        Major: int
        Minor: int
        /// Bytes.
        TotalMemory: int64
        Multiprocessors: int
        /// Bytes.
        L2Cache: int64
        /// Shared memory that a block can have, in bytes.
        SharedMemory: int
    }

/// A recorded sequence of launches and copies, to be repeated at once.
[<Sealed>]
type GpuGraph internal (exec: nativeint, enter: unit -> unit) =
    let mutable exec = exec

    member internal _.Exec = exec

    /// Forget it; what is running still ends.
    member graph.Dispose() = (graph :> IDisposable).Dispose()

    interface IDisposable with
        member _.Dispose() =
            if exec <> 0n then
                enter ()
                DriverApi.cuGraphExecDestroy exec |> Driver.check "cuGraphExecDestroy"
                exec <- 0n

/// A queue of work on a GPU: pieces run in the order in which they came.
[<Sealed>]
type GpuStream internal (handle: nativeint, enter: unit -> unit) =
    member internal _.Handle = handle

    /// Wait until all its work is done.
    member _.Synchronise() =
        enter ()
        DriverApi.cuStreamSynchronize handle |> Driver.check "cuStreamSynchronize"

/// A place in a stream that others can wait for, or that times are measured between.
[<Sealed>]
type GpuEvent internal (handle: nativeint) =
    member internal _.Handle = handle

    /// Seconds from an event to this one, both recorded with time and reached.
    member _.SecondsSince(start: GpuEvent) =
        let mutable milliseconds = 0.0f

        DriverApi.cuEventElapsedTime (&milliseconds, start.Handle, handle)
        |> Driver.check "cuEventElapsedTime"

        float milliseconds / 1000.0

    override _.Finalize() =
        DriverApi.cuEventDestroy_v2 handle |> ignore

/// An open GPU: its kernels, memory and streams. To be used from one thread at a time. Raises `CudaError` where
/// the driver refuses, and `BadInput` where memory does not suffice.
[<Sealed>]
type Gpu private (info: GpuInfo, context: nativeint, code: nativeint) =
    [<ThreadStatic; DefaultValue>]
    static val mutable private current: nativeint

    let functions = Dictionary<string, nativeint>()
    let mutable allocated = 0L

    let enter () =
        if Gpu.current <> context then
            DriverApi.cuCtxSetCurrent context |> Driver.check "cuCtxSetCurrent"
            Gpu.current <- context

    let createStream () =
        enter ()
        let mutable handle = 0n
        // CU_STREAM_NON_BLOCKING.
        DriverApi.cuStreamCreate (&handle, 1u) |> Driver.check "cuStreamCreate"
        GpuStream(handle, enter)

    let main = createStream ()
    let mutable stream = main

    let createEvent timed =
        enter ()
        let mutable handle = 0n
        // CU_EVENT_DISABLE_TIMING.
        DriverApi.cuEventCreate (&handle, (if timed then 0u else 2u))
        |> Driver.check "cuEventCreate"

        GpuEvent handle

    let record (event: GpuEvent) =
        enter ()
        DriverApi.cuEventRecord (event.Handle, stream.Handle) |> Driver.check "cuEventRecord"

    // What is given to the GPU while it is profiled: its name, and the events around it.
    let mutable marks: List<struct (string * GpuEvent * GpuEvent)> option = None

    let mark () =
        let event = createEvent true
        record event
        event

    /// The event before a piece of work, if there is a profile.
    let before () =
        if marks.IsSome then ValueSome(mark ()) else ValueNone

    /// The work that began there has been given.
    let after name (start: GpuEvent voption) =
        match start, marks with
        | ValueSome start, Some marks -> marks.Add(struct (name, start, mark ()))
        | _ -> ()

    let find name =
        match functions.TryGetValue name with
        | true, entry -> entry
        | false, _ ->
            enter ()
            let mutable entry = 0n

            DriverApi.cuModuleGetFunction (&entry, code, name)
            |> Driver.check $"cuModuleGetFunction({name})"

            functions[name] <- entry
            entry

    let checkArguments name (arguments: Arg list) =
        let wanted = Kernels.signatures[name]
        let given = arguments |> List.map _.Type

        if wanted <> given then
            let list = String.concat ", "
            invalidArg name $"takes ({list wanted}), not ({list given})"

    static let attribute device number =
        let mutable value = 0

        DriverApi.cuDeviceGetAttribute (&value, number, device)
        |> Driver.check "cuDeviceGetAttribute"

        value

    /// What a device is, without opening it; the driver must have been initialised.
    static member internal Describe(index: int) : GpuInfo =
        let mutable device = 0
        DriverApi.cuDeviceGet (&device, index) |> Driver.check "cuDeviceGet"
        let name = Array.zeroCreate<byte> 256
        DriverApi.cuDeviceGetName (name, name.Length, device) |> Driver.check "cuDeviceGetName"
        let mutable total = 0un
        DriverApi.cuDeviceTotalMem_v2 (&total, device) |> Driver.check "cuDeviceTotalMem"

        { Index = index
          Name = Encoding.UTF8.GetString(name, 0, Array.IndexOf(name, 0uy))
          Major = attribute device 75
          Minor = attribute device 76
          TotalMemory = int64 total
          Multiprocessors = attribute device 16
          L2Cache = int64 (attribute device 38)
          SharedMemory = attribute device 97 }

    /// Open a device with its module of kernels (a cubin, or PTX with a zero at its end). The driver must have been
    /// initialised.
    static member internal Open(index: int, image: byte[]) : Gpu =
        let info = Gpu.Describe index
        let mutable device = 0
        DriverApi.cuDeviceGet (&device, index) |> Driver.check "cuDeviceGet"
        let mutable context = 0n

        DriverApi.cuDevicePrimaryCtxRetain (&context, device)
        |> Driver.check "cuDevicePrimaryCtxRetain"

        DriverApi.cuCtxSetCurrent context |> Driver.check "cuCtxSetCurrent"
        Gpu.current <- context

        let code =
            try
                Driver.loadModule image
            with _ ->
                Gpu.current <- 0n
                DriverApi.cuCtxSetCurrent 0n |> ignore
                DriverApi.cuDevicePrimaryCtxRelease_v2 device |> ignore
                reraise ()

        Gpu(info, context, code)

    /// What it is.
    member _.Info = info

    /// Bytes that this program holds on it.
    member _.Allocated = allocated

    /// Bytes that are free on it at present.
    member _.FreeMemory =
        enter ()
        let mutable free = 0un
        let mutable total = 0un
        DriverApi.cuMemGetInfo_v2 (&free, &total) |> Driver.check "cuMemGetInfo"
        int64 free

    /// Do what needs this GPU's context to be the thread's.
    member internal _.Within(work: unit -> 'T) : 'T =
        enter ()
        work ()

    /// The stream that work goes to.
    member _.Stream = stream

    /// Another queue of work.
    member _.CreateStream() = createStream ()

    /// An event; with time, if seconds are to be measured.
    member _.CreateEvent(timed: bool) = createEvent timed

    /// Mark the place that the current stream has come to.
    member _.Record(event: GpuEvent) = record event

    /// Do work and measure each piece of it on the GPU: names of kernels, or "copy", "clear" and "cublasLt", with
    /// seconds, in the order in which they were given. What is recorded or repeated as a graph is not seen.
    member _.Profile(work: unit -> unit) : (string * float) list =
        let seen = List()
        marks <- Some seen

        try
            work ()
        finally
            marks <- None

        stream.Synchronise()
        [ for struct (name, start, finish) in seen -> name, finish.SecondsSince start ]

    /// Give work to the GPU that is not a kernel of ours, under a name in profiles.
    member internal _.Named(name: string, work: unit -> unit) =
        enter ()
        let start = before ()
        work ()
        after name start

    /// Let what is given to the current stream from now on wait for an event.
    member _.Await(event: GpuEvent) =
        enter ()

        DriverApi.cuStreamWaitEvent (stream.Handle, event.Handle, 0u)
        |> Driver.check "cuStreamWaitEvent"

    /// Give work to another stream.
    member _.On(other: GpuStream, work: unit -> 'T) : 'T =
        let before = stream
        stream <- other

        try
            work ()
        finally
            stream <- before

    /// Wait until all work given to the current stream is done.
    member _.Synchronise() = stream.Synchronise()

    /// Launch a kernel on the current stream: blocks (x, y), threads in a block, bytes of dynamic shared memory, and the
    /// arguments in the order of the kernel's parameters. A grid without blocks does nothing.
    member _.Launch
        (name: string, struct (x: int, y: int), block: int, shared: int, arguments: Arg list)
        =
        let isNew = not (functions.ContainsKey name)
        let entry = find name

        if isNew then
            checkArguments name arguments

        if x > 0 && y > 0 then
            enter ()

            if shared > 48 * 1024 then
                // CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES.
                DriverApi.cuFuncSetAttribute (entry, 8, shared) |> Driver.check "cuFuncSetAttribute"

            let count = max 1 arguments.Length
            let values = NativePtr.stackalloc<uint64> count
            let pointers = NativePtr.stackalloc<nativeint> count

            arguments
            |> List.iteri (fun i argument ->
                NativePtr.set values i argument.Bits
                NativePtr.set pointers i (NativePtr.toNativeInt (NativePtr.add values i)))

            let start = before ()

            DriverApi.cuLaunchKernel (
                entry,
                uint32 x,
                uint32 y,
                1u,
                uint32 block,
                1u,
                1u,
                uint32 shared,
                stream.Handle,
                NativePtr.toNativeInt pointers,
                0n
            )
            |> Driver.check $"cuLaunchKernel({name})"

            after name start

    /// Launch a kernel in one dimension without dynamic shared memory.
    member gpu.Launch(name: string, grid: int, block: int, arguments: Arg list) =
        gpu.Launch(name, struct (grid, 1), block, 0, arguments)

    /// Record the work that is given to the current stream, without doing it.
    member _.Capture(work: unit -> unit) : GpuGraph =
        enter ()
        // Thread-local: what other threads do meanwhile is their own.
        DriverApi.cuStreamBeginCapture_v2 (stream.Handle, 1)
        |> Driver.check "cuStreamBeginCapture"

        let mutable graph = 0n

        try
            work ()
        with _ ->
            DriverApi.cuStreamEndCapture (stream.Handle, &graph) |> ignore
            reraise ()

        DriverApi.cuStreamEndCapture (stream.Handle, &graph) |> Driver.check "cuStreamEndCapture"
        let mutable exec = 0n

        let result = DriverApi.cuGraphInstantiateWithFlags (&exec, graph, 0UL)
        DriverApi.cuGraphDestroy graph |> Driver.check "cuGraphDestroy"
        Driver.check "cuGraphInstantiate" result
        new GpuGraph(exec, enter)

    /// Do what was recorded, on the current stream.
    member _.Launch(graph: GpuGraph) =
        enter ()
        DriverApi.cuGraphLaunch (graph.Exec, stream.Handle) |> Driver.check "cuGraphLaunch"

    /// Memory of so many bytes, not yet written to; its address is a multiple of 256.
    member internal gpu.Allocate(bytes: int64) : uint64 =
        enter ()
        let mutable pointer = 0UL

        let result =
            match DriverApi.cuMemAlloc_v2 (&pointer, unativeint bytes) with
            | Driver.OutOfMemory ->
                // What nobody uses any more is given back by finalisers, which no shortage on a GPU wakes.
                GC.Collect()
                GC.WaitForPendingFinalizers()
                DriverApi.cuMemAlloc_v2 (&pointer, unativeint bytes)
            | result -> result

        match result with
        | Driver.OutOfMemory ->
            let gigabytes (bytes: int64) = $"%.2f{float bytes / 1e9} GB"

            let problem =
                $"{info.Name} has {gigabytes gpu.FreeMemory} free of {gigabytes info.TotalMemory}; "
                + $"{gigabytes bytes} more do not fit beside the {gigabytes allocated} held already"

            raise (BadInput($"GPU {info.Index}", problem))
        | result ->
            Driver.check "cuMemAlloc" result
            Threading.Interlocked.Add(&allocated, bytes) |> ignore
            pointer

    /// Give memory back; from any thread.
    member internal _.Free(pointer: uint64, bytes: int64) =
        enter ()

        if DriverApi.cuMemFree_v2 pointer = 0 then
            Threading.Interlocked.Add(&allocated, -bytes) |> ignore

    /// From host memory; the source may be changed as soon as this returns.
    member internal _.Upload(target: uint64, source: nativeint, bytes: int64) =
        if bytes > 0L then
            enter ()

            DriverApi.cuMemcpyHtoDAsync_v2 (target, source, unativeint bytes, stream.Handle)
            |> Driver.check "cuMemcpyHtoD"

            stream.Synchronise()

    /// To host memory, after all that was given to the current stream.
    member internal _.Download(target: nativeint, source: uint64, bytes: int64) =
        if bytes > 0L then
            enter ()

            DriverApi.cuMemcpyDtoHAsync_v2 (target, source, unativeint bytes, stream.Handle)
            |> Driver.check "cuMemcpyDtoH"

            stream.Synchronise()

    /// Within the GPU.
    member internal _.Copy(target: uint64, source: uint64, bytes: int64) =
        if bytes > 0L then
            enter ()
            let start = before ()

            DriverApi.cuMemcpyDtoDAsync_v2 (target, source, unativeint bytes, stream.Handle)
            |> Driver.check "cuMemcpyDtoD"

            after "copy" start

    /// Make all bytes 0.
    member internal _.Clear(target: uint64, bytes: int64) =
        if bytes > 0L then
            enter ()
            let start = before ()

            DriverApi.cuMemsetD8Async (target, 0uy, unativeint bytes, stream.Handle)
            |> Driver.check "cuMemsetD8"

            after "clear" start

    override gpu.ToString() = $"GPU {info.Index} ({info.Name})"
