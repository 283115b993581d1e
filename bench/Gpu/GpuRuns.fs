namespace SynthSae.Bench

open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Training
open SynthSae.Spec

/// Data, learning and scores on a GPU beside those of the host.
module GpuRuns =
    [<Literal>]
    let private Rows = 64

    let private world = lazy (HandMadeWorlds.plain 60 24)

    let private host () =
        Sampler.create (Backend.Cpu 1) world.Value

    let private feed (gpu: Gpu) : IFeed =
        new DeviceFeed(gpu, DeviceSampler(gpu, world.Value, Rows), Stream.Training, Rows, 0L)

    let private hostFeed () =
        Feed.onHost (SampledBatches(host ())) Rows 0L

    /// The samples of a feed are the host's, to the bit.
    let private fed: OpCase =
        { Op = "Feed"
          Name = "batches of the host's bits"
          Run =
            fun gpu ->
                use device = feed gpu
                use host = hostFeed ()

                Agreement.all
                    [ for number in 0..5 do
                          let expected = Batch.toHost (host.Next())
                          let actual = Batch.toHost (device.Next())

                          Agreement.bits
                              $"batch {number}"
                              (expected.Span.ToArray())
                              (actual.Span.ToArray()) ] }

    let private run sae =
        { Bench16k.spec with
            Data = DataSource.Synthetic(ModelSource.Spec(SyntheticModelSpec.create 60 24))
            Saes = [ sae ]
            Training =
                { Bench16k.spec.Training with
                    BatchSize = Rows
                    Samples = 1_000_000L<sample>
                    Lr = 3e-3 } }
        |> RunSpec.validate
        |> Bench16k.valid

    /// A trained trainer, and the mean squared error of its first and of its last steps.
    let private learn backend (feed: IFeed) sae =
        let trainer = Trainer(backend, run sae, world.Value.HiddenDim)

        let reports =
            [ for _ in 1..200 do
                  yield! trainer.Step(feed.Next()) ]
            @ trainer.Finish()

        let mean (part: StepReport list) = part |> List.averageBy _.Mse
        struct (trainer, mean (List.truncate 20 reports), mean (List.skip 180 reports))

    let private learns (name, sae) : OpCase =
        { Op = "Learning"
          Name = name
          Run =
            fun gpu ->
                use deviceFeed = feed gpu
                use hostFeed = hostFeed ()
                let struct (_, first, last) = learn (Backend.Cuda(gpu, 1)) deviceFeed sae
                let struct (_, _, expected) = learn (Backend.Cpu 1) hostFeed sae

                if last < 0.8 * first then
                    Agreement.number "squared error" (0.05 * expected) expected last
                else
                    Agreement.differs $"squared error {first} at first and {last} at last" }

    let private batchTopK = SaeSpec.batchTopK 40 4.0

    /// A trained SAE scores as on the host.
    let private scores: OpCase =
        { Op = "Evaluation"
          Name = "a trained SAE, beside the host"
          Run =
            fun gpu ->
                use feed = feed gpu
                let backend = Backend.Cuda(gpu, 1)
                let struct (trainer, _, _) = learn backend feed batchTopK
                let sae = trainer.Export()
                let settings = { Samples = 300L; BatchSize = Rows }

                let score backend =
                    (Evaluation.run backend (host ()) world.Value sae settings).Metrics

                let expected, actual = score (Backend.Cpu 1), score backend

                let near name (part: Metrics -> float) =
                    let allowed = 1e-4 * (1.0 + abs (part expected))
                    Agreement.number name allowed (part expected) (part actual)

                Agreement.all
                    [ near "Mcc" _.Mcc
                      near "SaeL0" _.SaeL0
                      near "ExplainedVariance" _.ExplainedVariance
                      near "F1Score" _.F1Score
                      near "Mse" _.Mse ] }

    let private gated =
        let l1 = { Value = 0.1; WarmUpSteps = 0<step> }
        SaeSpec.create 40 (SaeArchitecture.Gated { L1 = l1 })

    /// The cases.
    let cases: OpCase list =
        [ fed
          learns ("batchtopk", batchTopK)
          learns ("topk", SaeSpec.create 40 (SaeArchitecture.TopK(4, SaeSpec.topKFamily)))
          learns ("gated", gated)
          scores ]
