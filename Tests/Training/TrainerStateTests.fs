module SynthSae.Tests.Training.TrainerStateTests

open System.IO
open SynthSae.Compute
open SynthSae.Compute.Files
open SynthSae.Compute.Training
open SynthSae.Spec
open SynthSae.Tests
open Xunit

let private dim, latents = SmallRuns.Dim, SmallRuns.Latents
let private run = SmallRuns.ofSae
let private specs = [ run (SaeSpec.batchTopK latents 1.5); run (SaeSpec.topK latents 2) ]

let private batch = SmallRuns.batch

/// Take the steps first … last; the largest number of dead latents that they met.
let private steps (trainer: Trainer) first last =
    [ for step in first..last -> (trainer.Step(batch step)).Dead ] |> List.max

/// All that a trainer's state holds, as bytes.
let private bytes (state: TrainerState) =
    use folder = new TemporaryFolder()
    Checkpoint.write folder.Path 1 { Trainers = [ state ]; Run = "" }
    File.ReadAllBytes(Checkpoint.file folder.Path state.Steps)

let private restored backend spec state =
    let trainer = Trainer(backend, spec, dim)
    trainer.Restore state
    trainer

let private goesOnFrom dead (backend: Backend) (other: Backend) spec =
    let whole = Trainer(backend, spec, dim)
    Assert.True(steps whole 0 12 >= dead, "AuxK took no part")

    let before = Trainer(backend, spec, dim)
    steps before 0 6 |> ignore
    let state = before.State()
    let kept = bytes state
    // The state stands, whatever becomes of the trainer.
    steps before 7 9 |> ignore
    Assert.Equal<byte>(kept, bytes state)

    let after = restored other spec state
    Assert.Equal<byte>(kept, bytes (after.State()))
    steps after 7 12 |> ignore
    Assert.Equal<byte>(bytes (whole.State()), bytes (after.State()))
    Assert.Equal(whole.Threshold, after.Threshold)
    Assert.Equal(whole.DeadLatents.Count, after.DeadLatents.Count)
    // The state stands here as well.
    Assert.Equal<byte>(kept, bytes state)

let private goesOn = goesOnFrom 1

[<Fact>]
let ``every architecture and option goes on to the bit, on any number of threads`` () =
    let specs =
        FsCheck.FSharp.Gen.sample 60 (SaeSpecs.every dim latents) |> Seq.map SaeSpecs.controlled

    for spec in specs do
        goesOnFrom 0 (Backend.Cpu 1) (Backend.Cpu 3) (run spec)

    for spec in Seq.truncate 15 specs do
        goesOnFrom 0 Backend.Reference Backend.Reference (run spec)

[<Fact>]
let ``steps, a state and more steps give the bits of all steps in one go`` () =
    for spec in specs do
        goesOn Backend.Reference Backend.Reference spec
        goesOn (Backend.Cpu 1) (Backend.Cpu 1) spec

[<Fact>]
let ``a state goes on with another number of threads`` () =
    for spec in specs do
        goesOn (Backend.Cpu 1) (Backend.Cpu 3) spec
        goesOn (Backend.Cpu 3) (Backend.Cpu 2) spec

[<Fact>]
let ``a state through a file goes on as well`` () =
    for backend in [ Backend.Reference; Backend.Cpu 2 ] do
        for spec in specs do
            use folder = new TemporaryFolder()
            let whole = Trainer(backend, spec, dim)
            steps whole 0 6 |> ignore
            Checkpoint.write folder.Path 1 { Trainers = [ whole.State() ]; Run = "é" }
            steps whole 7 12 |> ignore

            let found = Checkpoint.latest folder.Path [ Trainer.Identity(backend, spec) ]
            Assert.Equal("é", found.Checkpoint.Value.Run)
            let after = restored backend spec found.Checkpoint.Value.Trainers.Head
            Assert.Equal(7L, after.Steps)
            Assert.Equal(56L, after.Samples)
            steps after 7 12 |> ignore
            Assert.Equal<byte>(bytes (whole.State()), bytes (after.State()))

[<Fact>]
let ``a state of another specification, backend or size is refused, and changes nothing`` () =
    let batchTopK, topK = specs[0], specs[1]
    let trainer = Trainer(Backend.Cpu 1, batchTopK, dim)
    steps trainer 0 3 |> ignore
    let before = bytes (trainer.State())

    let refused (state: TrainerState) =
        Assert.Throws<BadInput>(fun () -> trainer.Restore state) |> ignore
        Assert.Equal<byte>(before, bytes (trainer.State()))

    refused (Trainer(Backend.Cpu 1, topK, dim).State())
    refused (Trainer(Backend.Reference, batchTopK, dim).State())
    refused (Trainer(Backend.Cpu 1, batchTopK, dim + 1).State())

    let state = Trainer(Backend.Cpu 1, batchTopK, dim).State()
    refused { state with StepsSinceFired = [||] }

    for name in Map.keys state.Arrays do
        refused { state with Arrays = Map.remove name state.Arrays }
