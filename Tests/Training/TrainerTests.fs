module SynthSae.Tests.Training.TrainerTests

open SynthSae.Compute
open SynthSae.Compute.Training
open SynthSae.Spec
open SynthSae.Tests
open Xunit

let private tiny = (Presets.tryFind "tiny" |> Option.get).Run

let private trainer backend lr =
    match RunSpec.validate { tiny with Training = { tiny.Training with Lr = lr } } with
    | Ok spec -> Trainer(backend, spec, 16)
    | Error errors -> failwith $"{errors}"

[<Fact>]
let ``training that diverges is an input error that names the learning rate`` () =
    for backend in [ Backend.Reference; Backend.Cpu 1; Backend.Cpu 3 ] do
        let trainer = trainer backend 1e30
        let x = Samples.gaussian 3 64 16

        let error =
            Assert.Throws<BadInput>(fun () ->
                for _ in 1..50 do
                    trainer.Step x |> ignore)

        Assert.Contains("diverged", error.Message)
        Assert.Contains("1E+30", error.Message)
