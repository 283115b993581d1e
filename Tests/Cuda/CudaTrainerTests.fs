module SynthSae.Tests.Cuda.CudaTrainerTests

open FsCheck.FSharp
open SynthSae.Compute
open SynthSae.Compute.Training
open SynthSae.Spec
open SynthSae.Tests
open Xunit

let private dim, latents = SmallRuns.Dim, SmallRuns.Latents
let private run = SmallRuns.ofSae
let private batch = SmallRuns.batch
let private gpu () = Backend.Cuda(FakeGpu.gpu (), 1)

/// Reports of some steps.
let private steps (trainer: Trainer) first last =
    [ for step in first..last do
          yield! trainer.Step(Batch.Host(batch step)) ]
    @ trainer.Finish()

/// All numbers of a trainer's state.
let private numbers (state: TrainerState) : Map<string, float[]> =
    state.Arrays
    |> Map.map (fun _ value ->
        match value with
        | StateArray.Matrix matrix -> Array.map float (matrix.Span.ToArray())
        | StateArray.Vector vector -> Array.map float vector
        | StateArray.Double(_, values) -> values)
    |> Map.add "steps since fired" (Array.map float state.StepsSinceFired)

let private close (name: string) step (expected: float) (actual: float) =
    let allowed = 1e-4 * (abs expected + 1e-3)

    Assert.True(
        abs (expected - actual) <= allowed
        || (System.Double.IsNaN expected && System.Double.IsNaN actual),
        $"{name} of step {step}: {actual}, not {expected}"
    )

let private agree (spec: SaeSpec) =
    let spec = run spec
    let host, device = Trainer(Backend.Cpu 1, spec, dim), Trainer(gpu (), spec, dim)
    let expected, actual = steps host 0 5, steps device 0 5
    Assert.Equal(expected.Length, actual.Length)

    for e, a in List.zip expected actual do
        for name, value in e.Losses do
            close name e.Step value (a.Term name)

        close "norm" e.Step e.GradientNorm a.GradientNorm
        close "L0" e.Step e.L0 a.L0
        close "threshold" e.Step e.Threshold a.Threshold
        close "coefficient" e.Step e.Coefficient a.Coefficient
        Assert.Equal(e.Dead, a.Dead)
        Assert.Equal(e.Samples, a.Samples)
        Assert.Equal(e.LearningRate, a.LearningRate)

[<Collection("gpu")>]
type CudaTrainerTests() =
    [<CudaFact>]
    member _.``steps of the plain architectures are those of the host``() =
        for spec in [ SaeSpec.batchTopK latents 1.5; SaeSpec.topK latents 2 ] do
            agree spec

    [<CudaFact>]
    member _.``steps of every architecture and option are those of the host``() =
        for spec in Gen.sample 40 (SaeSpecs.every dim latents) do
            agree spec

    [<CudaFact>]
    member _.``every architecture and option goes on to the bit after an interruption``() =
        for spec in Gen.sample 25 (SaeSpecs.every dim latents) do
            let spec = run (SaeSpecs.controlled spec)
            let whole = Trainer(gpu (), spec, dim)
            let before = Trainer(gpu (), spec, dim)
            steps whole 0 9 |> ignore
            steps before 0 4 |> ignore
            let after = Trainer(gpu (), spec, dim)
            after.Restore(before.State())
            let late = steps after 5 9
            Assert.Equal(5, late.Length)
            Assert.Equal<Map<string, float[]>>(numbers (whole.State()), numbers (after.State()))
            Assert.Equal(whole.Threshold, after.Threshold)

    [<CudaFact>]
    member _.``reports come in the order of the steps, however late they are asked for``() =
        let spec = run (SaeSpec.batchTopK latents 1.5)
        let trainer = Trainer(gpu (), spec, dim)
        let early = trainer.Step(Batch.Host(batch 0))

        let rest =
            [ for step in 1..9 do
                  yield! trainer.Step(Batch.Host(batch step)) ]

        let all = early @ rest @ trainer.Finish()
        Assert.Equal<int64 list>([ 0L .. 9L ], all |> List.map _.Step)
        Assert.Equal<int64 list>([ for i in 1L .. 10L -> 8L * i ], all |> List.map _.Samples)
        Assert.Empty(trainer.Finish())

    [<CudaFact>]
    member _.``a run that diverges says in which step``() =
        let spec = run (SaeSpec.batchTopK latents 1.5)
        let trainer = Trainer(gpu (), spec, dim)
        let bad = batch 2
        bad[0, 0] <- System.Single.NaN
        trainer.Step(Batch.Host(batch 0)) |> ignore
        trainer.Step(Batch.Host(batch 1)) |> ignore
        trainer.Step(Batch.Host bad) |> ignore
        trainer.Step(Batch.Host(batch 3)) |> ignore

        let error = Assert.Throws<BadInput>(fun () -> trainer.Finish() |> ignore)
        Assert.Contains("diverged in step 3", error.problem)
