module SynthSae.Tests.Cuda.Training16kTests

open SynthSae.Bench
open SynthSae.Compute
open SynthSae.Compute.Training
open SynthSae.Spec
open SynthSae.Tests
open Xunit

/// Steps that are compared.
[<Literal>]
let private Steps = 4

let private batch = Bench16k.Batch
let private backend = Backend.Cpu System.Environment.ProcessorCount
let private world = lazy Bench16k.world backend
let private spec = lazy Bench16k.run Bench16k.spec.Sae.Architecture

/// The reports of the first steps on a backend, on batches of its own feed.
let private reports (backend: Backend) (feed: IFeed) =
    let trainer = Trainer(backend, spec.Value, world.Value.HiddenDim)

    [ for _ in 1..Steps do
          yield! trainer.Step(feed.Next()) ]
    @ trainer.Finish()

[<Collection("gpu")>]
type Training16kTests() =
    [<CudaFact>]
    member _.``the 16k benchmark gives the losses of the host step by step, on batches of the same bits``
        ()
        =
        let gpu = FakeGpu.gpu ()
        let world = world.Value
        let sampler = DeviceSampler(gpu, world, batch)

        let onHost first =
            Feed.onHost (SampledBatches(Sampler.create backend world)) batch first

        let onGpu () : IFeed =
            new DeviceFeed(gpu, sampler, Stream.Training, batch, 0L)

        using (onGpu ()) (fun feed ->
            use host = onHost 0L

            for _ in 1..3 do
                let expected, actual = Batch.toHost (host.Next()), Batch.toHost (feed.Next())

                Assert.True(
                    Agreement.bits "x" (expected.Span.ToArray()) (actual.Span.ToArray()) |> _.Holds
                ))

        use feed = onGpu ()
        use host = onHost 0L
        let expected = reports backend host
        let actual = reports (Backend.Cuda(gpu, 2)) feed

        for e, a in List.zip expected actual do
            Assert.InRange(a.Mse, e.Mse * (1.0 - 1e-5), e.Mse * (1.0 + 1e-5))

            Assert.InRange(
                a.GradientNorm,
                e.GradientNorm * (1.0 - 1e-4),
                e.GradientNorm * (1.0 + 1e-4)
            )

            Assert.Equal(e.L0, a.L0)
            Assert.Equal(e.Dead, a.Dead)
            Assert.Equal(e.LearningRate, a.LearningRate)
