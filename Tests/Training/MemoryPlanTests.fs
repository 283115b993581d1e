namespace SynthSae.Tests.Training

open System
open SynthSae.Compute
open SynthSae.Compute.Training
open SynthSae.Spec
open SynthSae.Tests
open Xunit

/// Tests that run while no other does: what the process holds is then theirs.
[<CollectionDefinition("alone", DisableParallelization = true)>]
type Alone() = class end

[<Collection "alone">]
module MemoryPlanTests =
    let private preset = (Presets.tryFind "small" |> Option.get).Run

    let private run batch saes =
        { preset with
            Saes = saes
            Training =
                { preset.Training with
                    BatchSize = batch
                    Samples = int64 (8 * batch) * 1L<sample> } }

    let private live () =
        for _ in 1..2 do
            GC.Collect(2, GCCollectionMode.Forced, true, true)
            GC.WaitForPendingFinalizers()

        GC.GetTotalMemory true

    /// Bytes that a trainer holds after some steps.
    let private held (spec: SaeSpec) dim batch =
        let run =
            match RunSpec.validate (run batch [ spec ]) with
            | Ok run -> run
            | Error errors -> failwith $"{errors}"

        let x = Samples.gaussian 3 batch dim
        let before = live ()
        let trainer = Trainer(Backend.Cpu 2, run, dim)

        for _ in 1..3 do
            trainer.Step x |> ignore

        let bytes = live () - before
        GC.KeepAlive trainer
        bytes

    let private noAuxK = { SaeSpec.topKFamily with AuxK = SaeSpec.auxK 0.0 }

    [<Fact>]
    let ``what a trainer holds is what was predicted`` () =
        let dim, batch = 64, 512

        for spec in
            [ SaeSpec.create 4096 (SaeArchitecture.BatchTopK(6.0, 0.01, noAuxK))
              SaeSpec.create 8192 (SaeArchitecture.TopK(6, noAuxK))
              { SaeSpec.create 4096 (SaeArchitecture.BatchTopK(6.0, 0.01, noAuxK)) with
                  ListaEta = Some 0.3 } ] do
            let predicted = (MemoryPlan.predict (run batch [ spec ]) 256 dim).Saes.Head
            let held = held spec dim batch
            // What is held in the end is less than at the fullest, by as much as lists need not grow.
            Assert.InRange(float held, 0.6 * float predicted, 1.3 * float predicted)

    [<Fact>]
    let ``memory grows with every SAE, and scoring with the widest`` () =
        let one = SaeSpec.batchTopK 128 6.0
        let wide = SaeSpec.batchTopK 1024 6.0
        let alone = MemoryPlan.predict (run 1024 [ one ]) 256 64
        let both = MemoryPlan.predict (run 1024 [ one; wide ]) 256 64
        Assert.Equal(2, both.Saes.Length)
        Assert.Equal(alone.Saes.Head, both.Saes.Head)
        Assert.True(both.Scoring > alone.Scoring)
        Assert.True(both.Total > alone.Total + both.Saes[1])

    [<Fact>]
    let ``the benchmark takes what its sizes say`` () =
        let bench = (Presets.tryFind "synth-sae-bench-16k" |> Option.get).Run
        let plan = MemoryPlan.predict bench 16384 768
        // 16,384 × 768 numbers of the dictionary alone are 50 MB; four times two 4096 × 768 matrices 101 MB; the cosines
        // of 4096 latents with 16,384 features 268 MB.
        Assert.InRange(plan.Data, 50_331_648L, 70_000_000L)
        Assert.InRange(plan.Saes.Head, 100_663_296L, 320_000_000L)
        Assert.InRange(plan.Scoring, 268_435_456L, 330_000_000L)
