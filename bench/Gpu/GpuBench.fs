namespace SynthSae.Bench

open System
open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops
open SynthSae.Compute.Training
open SynthSae.Spec

/// An op's time on a GPU, in microseconds.
type KernelFigure =
    {
        Op: string
        Name: string
        /// Its inputs have left the caches.
        Cold: float
        /// Right after itself.
        Warm: float
        /// What its bytes and FLOPs take at the rates that were measured.
        Floor: float
        /// Why there are no times; empty if there are.
        Problem: string
    }

    /// The part of the cold time that cannot be avoided.
    member figure.Share = figure.Floor / figure.Cold

/// A kernel's part of a training step.
type StepPart =
    {
        Kernel: string
        /// In a step.
        Calls: float
        /// In a step.
        Microseconds: float
    }

/// How much is measured, and of what.
type GpuBenchSettings =
    {
        Threads: int
        /// Small sizes, few repeats: whether it works, not how fast.
        Quick: bool
    }

/// Times on a GPU: of every op, of steps, of whole computations.
module GpuBench =
    let private collect () =
        GC.Collect()
        GC.WaitForPendingFinalizers()

    let private seconds (gpu: Gpu) (work: unit -> unit) =
        let start, finish = gpu.CreateEvent true, gpu.CreateEvent true

        fun (before: unit -> unit) ->
            before ()
            gpu.Record start
            work ()
            gpu.Record finish
            gpu.Synchronise()
            finish.SecondsSince start

    let private median repeats measure =
        Array.init repeats (fun _ -> measure ()) |> Array.sort |> Measure.median

    let private flushed settings =
        if settings.Quick then 1L <<< 16 else 256L <<< 20

    /// Bytes per second read and written by a copy within the GPU.
    let private bandwidth (gpu: Gpu) settings =
        let bytes = 4L * flushed settings
        use source = new DeviceArray<byte>(gpu, bytes)
        use target = new DeviceArray<byte>(gpu, bytes)
        source.Clear()
        let once = seconds gpu (fun () -> target.CopyFrom source)
        2.0 * float bytes / median 7 (fun () -> once ignore)

    let private precisions =
        [ "fp32", Precision.Fp32; "tf32", Precision.Tf32; "bf16", Precision.Bf16 ]

    /// FLOPs per second of a large product.
    let private rate (gpu: Gpu) settings precision =
        let n = if settings.Quick then 64 else 8192
        let gemm = GemmCuda(GemmLibrary.Open gpu, GemmShape.encoder precision n n n)
        let a, b, c = DeviceMatrix(gpu, n, n), DeviceMatrix(gpu, n, n), DeviceMatrix(gpu, n, n)
        let numbers = Inputs.normal 1 n n
        a.Upload numbers
        b.Upload numbers
        let bias = DeviceArray.zeros<float32> gpu n
        let once = seconds gpu (fun () -> gemm.Run(a, b, bias, c))
        once ignore |> ignore
        2.0 * Math.Pow(float n, 3.0) / median 5 (fun () -> once ignore)

    // ---- ops ---------------------------------------------------------------------------------------

    let private floor bandwidth (rates: Map<string, float>) (timing: OpTiming) =
        let precision =
            precisions
            |> List.map fst
            |> List.tryFind (fun name ->
                timing.Name.StartsWith(name, StringComparison.OrdinalIgnoreCase))
            |> Option.defaultValue "fp32"

        max (timing.Bytes / bandwidth) (timing.Flops / rates[precision])

    let private time (gpu: Gpu) settings flush (timing: OpTiming) =
        let work = timing.Prepare gpu
        let once = seconds gpu work
        let repeats = if settings.Quick then 1 else 21
        once ignore |> ignore
        let cold = median repeats (fun () -> once flush)

        // The flush keeps the GPU busy while the host is still launching.
        let warm =
            median repeats (fun () ->
                once (fun () ->
                    flush ()
                    work ()))

        struct (cold, warm)

    let private kernel gpu settings flush floor (timing: OpTiming) : KernelFigure =
        let figure cold warm problem =
            { Op = timing.Op
              Name = timing.Name
              Cold = 1e6 * cold
              Warm = 1e6 * warm
              Floor = 1e6 * floor timing
              Problem = problem }

        try
            let struct (cold, warm) = time gpu settings flush timing
            figure cold warm ""
        with error ->
            figure nan nan error.Message

    /// Rates of the GPU, and the times of every op at the sizes of the 16k benchmark (of the first few, when quick).
    let kernels (gpu: Gpu) settings (tell: KernelFigure -> unit) : Figure list * KernelFigure list =
        let bytes = bandwidth gpu settings

        let rates =
            precisions |> List.map (fun (name, p) -> name, rate gpu settings p) |> Map.ofList

        use scratch = new DeviceArray<byte>(gpu, flushed settings)
        let timings = if settings.Quick then [] else AllCases.timings

        [ Figure.create "gpu/copy" "GB/s" (1e-9 * bytes)
          for name, _ in precisions do
              Figure.create $"gpu/product {name}" "TFLOP/s" (1e-12 * rates[name]) ],
        [ for timing in timings do
              collect ()
              let figure = kernel gpu settings scratch.Clear (floor bytes rates) timing
              tell figure
              figure ]

    // ---- training ----------------------------------------------------------------------------------

    let private model settings =
        if settings.Quick then SyntheticModelSpec.create 64 24 else Bench16k.model

    let private batch settings =
        if settings.Quick then 16 else Bench16k.Batch

    let private sae settings =
        if settings.Quick then SaeSpec.batchTopK 32 3.0 else SaeSpec.batchTopK 4096 25.0

    let private run settings precision =
        { Bench16k.spec with
            Data = DataSource.Synthetic(ModelSource.Spec(model settings))
            Saes = [ sae settings ]
            Training =
                { Bench16k.spec.Training with
                    BatchSize = batch settings
                    Precision = precision } }
        |> RunSpec.validate
        |> Bench16k.valid

    /// Seconds of a step in a long row of them, by the clock.
    let private perStep settings (trainer: Trainer) (next: unit -> Batch) =
        let warmUp, count = if settings.Quick then 3, 4 else 200, 2000

        let steps count =
            for _ in 1..count do
                trainer.Step(next ()) |> ignore

            trainer.Finish() |> ignore

        steps warmUp
        Measure.once (fun () -> steps count) / float count

    let private throughput (gpu: Gpu) settings (sampler: DeviceSampler) (x: DeviceMatrix) =
        let backend = Backend.Cuda(gpu, settings.Threads)

        [ for name, precision in precisions do
              let trainer () =
                  collect ()
                  Trainer(backend, run settings precision, x.Cols)

              use feed = new DeviceFeed(gpu, sampler, Stream.Training, x.Rows, 0L) :> IFeed

              let withData = perStep settings (trainer ()) feed.Next
              let alone = perStep settings (trainer ()) (fun () -> Batch.Device x)
              Figure.create $"train/batchtopk {name}" "samples/s" (float x.Rows / withData)

              Figure.create
                  $"train/batchtopk {name}, without data"
                  "samples/s"
                  (float x.Rows / alone) ]

    /// A step of each architecture as a multiple of BatchTopK's.
    let private architectures (gpu: Gpu) settings (x: DeviceMatrix) =
        let backend = Backend.Cuda(gpu, settings.Threads)

        let step spec bias =
            collect ()
            let trainer = ArchitectureBench.trainer backend x.Cols spec bias
            perStep settings trainer (fun () -> Batch.Device x)

        if settings.Quick then
            []
        else
            let base' = step (sae settings) 0.0

            [ Figure.create "step/batchtopk" "µs" (1e6 * base')
              for name, spec, bias, _ in ArchitectureBench.specs (x.ToMatrix()) do
                  Figure.create $"step/{name} to batchtopk" "×" (step spec bias / base') ]

    /// The kernels of a step: steps on buffers of their own are not recorded, and so can be looked at.
    let split (gpu: Gpu) settings (x: DeviceMatrix) : StepPart list =
        let backend = Backend.Cuda(gpu, settings.Threads)
        let trainer = Trainer(backend, run settings Precision.Bf16, x.Cols)
        perStep settings trainer (fun () -> Batch.Device x) |> ignore
        use scratch = new DeviceArray<byte>(gpu, flushed settings)
        let repeats = if settings.Quick then 1 else 10
        // All at once and kept to the end: a buffer in another's place would find its recorded step.
        let buffers = List.init repeats (fun _ -> DeviceMatrix(gpu, x.Rows, x.Cols))

        let parts =
            [ for fresh in buffers do
                  fresh.Elements.CopyFrom x.Elements

                  // The host gets ahead, so that events do not measure its launches.
                  for _ in 1 .. (if settings.Quick then 1 else 100) do
                      scratch.Clear()

                  yield! gpu.Profile(fun () -> trainer.Step(Batch.Device fresh) |> ignore)
                  trainer.Finish() |> ignore ]

        GC.KeepAlive buffers

        [ for name, calls in List.groupBy fst parts do
              { Kernel = name
                Calls = float calls.Length / float repeats
                Microseconds = 1e6 * List.sumBy snd calls / float repeats } ]
        |> List.sortByDescending _.Microseconds

    // ---- whole computations ------------------------------------------------------------------------

    let private computations (gpu: Gpu) settings (world: World) =
        let backend = Backend.Cuda(gpu, settings.Threads)
        let sampler = Sampler.create (Backend.Cpu settings.Threads) world
        let sae = Initialisation.create (sae settings) world.HiddenDim 1L
        let samples = if settings.Quick then 64L else 20480L

        let evaluation = { Samples = samples; BatchSize = batch settings }

        let steps = if settings.Quick then 2 else 100

        [ Measure.repeated 3 (fun () ->
              Evaluation.run backend sampler world sae evaluation |> ignore)
          |> Figure.ofSeconds $"evaluate/{samples}-samples" "s" 1.0
          Measure.repeated 3 (fun () -> Matching.run backend sae.Decoder world.Dictionary |> ignore)
          |> Figure.ofSeconds "evaluate/mcc" "s" 1.0
          Measure.repeated 1 (fun () ->
              OrthogonaliseCuda.run gpu steps 3e-4 (Matrix.copy world.Dictionary))
          |> Figure.ofSeconds $"world/orthogonalise-{steps}-steps" "s" 1.0 ]

    /// Training and whole computations, with the split of a step in bf16.
    let whole (gpu: Gpu) settings (tell: Figure -> unit) : Figure list * StepPart list =
        let world =
            SyntheticModelSpec.validate (model settings)
            |> Bench16k.valid
            |> WorldCompiler.compile (Backend.Cpu settings.Threads)

        let rows = batch settings
        let sampler = DeviceSampler(gpu, world, rows)
        let x = DeviceMatrix(gpu, rows, world.HiddenDim)

        using (new DeviceFeed(gpu, sampler, Stream.Training, rows, 0L) :> IFeed) (fun feed ->
            match feed.Next() with
            | Batch.Device first -> x.Elements.CopyFrom first.Elements
            | Batch.Host first -> x.Upload first

            gpu.Synchronise())

        let told figures =
            List.iter tell figures
            figures

        let figures =
            told (throughput gpu settings sampler x)
            @ told (architectures gpu settings x)
            @ told (computations gpu settings world)

        collect ()
        figures, split gpu settings x
