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

[<Fact>]
let ``a run's precision reaches its steps`` () =
    let loss backend precision =
        let run =
            { tiny with
                Training = { tiny.Training with Precision = precision } }

        match RunSpec.validate run with
        | Ok spec -> Trainer(backend, spec, 16).Step(Samples.gaussian 3 64 16).Loss
        | Error errors -> failwith $"{errors}"

    let plain = loss Backend.Reference Precision.Fp32

    for precision in [ Precision.Tf32; Precision.Bf16 ] do
        let expected = loss Backend.Reference precision
        Assert.NotEqual(plain, expected)
        let apart = abs (plain - expected)
        Assert.InRange(abs (loss (Backend.Cpu 2) precision - expected), 0.0, 0.05 * apart)
