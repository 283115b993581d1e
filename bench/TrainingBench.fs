namespace SynthSae.Bench

open SynthSae.Compute
open SynthSae.Compute.Ops
open SynthSae.Compute.Training
open SynthSae.Spec

/// Training on SynthSAEBench-16k with its data, and the parts of a step.
module TrainingBench =
    let private family = SaeSpec.topKFamily

    let private batchTopK = SaeArchitecture.BatchTopK(25.0, 0.01, family)

    /// The encoder's product alone, and its share of the machine's peak.
    let encoder threads (peak: float) =
        let x, weights = Matrix(Bench16k.Batch, 768), Matrix(4096, 768)
        x.Span.Fill 0.5f
        weights.Span.Fill 0.25f
        let pre = Matrix(Bench16k.Batch, 4096)
        let gflop = 2.0 * float Bench16k.Batch * 768.0 * 4096.0 / 1e9

        let seconds =
            Measure.repeated 40 (fun () -> GemmCpu.multiply threads false x true weights pre)

        let rate = Figure.rate "encode/product" "GFLOP/s" gflop seconds

        [ Figure.ofSeconds "encode/product-time" "ms" 1e3 seconds
          rate
          Figure.create "encode/share-of-peak" "%" (100.0 * rate.Value / peak) ]

    /// Steps of `trainer` on fresh batches: ascending seconds of steps with data, and seconds of sampling in all.
    let private steps (sampler: Sampler) (trainer: Trainer) warmUp count =
        let codes = Codes sampler.World.NumFeatures
        let x = Matrix(Bench16k.Batch, sampler.World.HiddenDim)
        let mutable sampling = 0.0

        let step () =
            let first = trainer.Steps * int64 Bench16k.Batch

            sampling <-
                sampling + Measure.once (fun () -> sampler.Sample(Stream.Training, first, codes, x))

            trainer.Step x |> ignore

        for _ in 1..warmUp do
            step ()

        sampling <- 0.0
        let before = { trainer.Times with Encode = trainer.Times.Encode }
        let seconds = Array.init count (fun _ -> Measure.once step) |> Array.sort
        struct (seconds, sampling, before)

    /// Samples per second with data, and the split of a step.
    let architecture threads (sampler: Sampler) name architecture reference target =
        let backend = Backend.Cpu threads
        let trainer = Trainer(backend, Bench16k.run architecture, sampler.World.HiddenDim)
        let count = 60
        let struct (seconds, sampling, before) = steps sampler trainer 20 count

        let part name total =
            Figure.create $"train/{name}" "ms" (1e3 * total / float count)

        let times = trainer.Times

        [ yield
              { Figure.rate $"train/{name}" "samples/s" (float Bench16k.Batch) seconds with
                  Target = target
                  Reference = Some reference }
          yield part $"{name}/sample+decode" sampling
          yield part $"{name}/encode" (times.Encode - before.Encode)
          yield part $"{name}/select" (times.Select - before.Select)
          yield part $"{name}/reconstruct" (times.Reconstruct - before.Reconstruct)
          yield part $"{name}/backward" (times.Backward - before.Backward)
          yield part $"{name}/update" (times.Update - before.Update) ]

    /// A step whose AuxK loss has 512 dead latents to revive, without data.
    let withDead threads (sampler: Sampler) =
        let spec = SaeSpec.batchTopK 4096 25.0
        let sae = Initialisation.create spec sampler.World.HiddenDim 1L

        let adam = { Beta1 = 0.9; Beta2 = 0.999; Epsilon = DenseStep.Epsilon }

        let step = SparseStep(threads, spec, sae, adam)
        let dead = Array.init 4096 (fun latent -> latent % 8 = 0)
        let settings = StepSettings.start spec 3e-4 dead
        let codes = Codes sampler.World.NumFeatures
        let x = Matrix(Bench16k.Batch, sampler.World.HiddenDim)
        sampler.Sample(Stream.Training, 0L, codes, x)

        Measure.repeated 20 (fun () ->
            step.Differentiate(x, settings) |> ignore
            step.Update 3e-4 |> ignore)
        |> Figure.ofSeconds "train/batchtopk-512-dead (step alone)" "ms" 1e3
        |> Figure.reference 489.3

    /// Eight SAEs of different k on one stream, and the same with a stream for each: seconds per batch and SAE.
    let private eight threads (sampler: Sampler) =
        let backend = Backend.Cpu threads

        let trainers =
            [ for k in [ 15.0; 20.0; 25.0; 30.0; 35.0; 40.0; 45.0; 50.0 ] ->
                  let architecture = SaeArchitecture.BatchTopK(k, 0.01, family)
                  Trainer(backend, Bench16k.run architecture, sampler.World.HiddenDim) ]

        let codes = Codes sampler.World.NumFeatures
        let x = Matrix(Bench16k.Batch, sampler.World.HiddenDim)

        let sample () =
            let first = trainers.Head.Steps * int64 Bench16k.Batch
            sampler.Sample(Stream.Training, first, codes, x)

        let together () =
            sample ()

            for trainer in trainers do
                trainer.Step x |> ignore

        let apart () =
            for trainer in trainers do
                sample ()
                trainer.Step x |> ignore

        for _ in 1..3 do
            together ()

        // In turn, so that both see the same machine.
        let pairs = Array.init 10 (fun _ -> struct (Measure.once together, Measure.once apart))

        let median part =
            pairs |> Array.map part |> Array.sort |> Measure.median

        median (fun (struct (a, _)) -> a), median (fun (struct (_, b)) -> b)

    /// The speed of eight SAEs together, and what it gains over eight runs.
    let manySaes threads sampler =
        let together, apart = eight threads sampler

        [ Figure.create
              "train/8 SAEs on one stream"
              "samples/s"
              (8.0 * float Bench16k.Batch / together)
          Figure.create "train/8 SAEs to 8 single runs" "×" (apart / together) ]

    /// Everything about training.
    let figures threads (sampler: Sampler) =
        [ yield! architecture threads sampler "batchtopk" batchTopK 1227.2 (Some 18_000.0)
          yield! architecture threads sampler "topk" (SaeArchitecture.TopK(25, family)) 1266.1 None
          yield! manySaes threads sampler
          yield withDead threads sampler ]
