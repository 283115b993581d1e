module SynthSae.Tests.Training.ScheduleTests

open SynthSae.Compute.Training
open SynthSae.Spec
open SynthSae.Tests
open Xunit

let private spec scheduler lr warmUp decay lrEnd samples : TrainingSpec =
    { TrainingSteps.training with
        Samples = samples * 1L<sample>
        BatchSize = 10
        Lr = lr
        LrScheduler = scheduler
        LrWarmUpSteps = warmUp * 1<step>
        LrDecaySteps = decay * 1<step>
        LrEnd = lrEnd }

let private rates spec =
    [ for t in 0 .. int (Schedule.steps spec) - 1 -> Schedule.learningRate spec (t * 1<step>) ]

let private equal (expected: float list) spec =
    let actual = rates spec
    Assert.Equal(expected.Length, actual.Length)

    for e, a in List.zip expected actual do
        Assert.Equal(e, a, 12)

/// (1 + cos(π/4))/2 and (1 + cos(3π/4))/2.
let private quarter, threeQuarters = 0.853553390593274, 0.146446609406726

[<Fact>]
let ``a constant rate stays`` () =
    equal (List.replicate 5 3e-4) (spec LrScheduler.Constant 3e-4 0 0 None 50L)

[<Fact>]
let ``warm-up starts at 1/w and ends at the full rate, decay starts at it and would end at 0`` () =
    // LinearLR(1/4, 1, 3 iterations), LambdaLR(1), LinearLR(1, 0, 3 iterations); milestones 4 and
    // 7.
    spec LrScheduler.Constant 2.0 4 3 None 100L
    |> equal [ 0.5; 1.0; 1.5; 2.0; 2.0; 2.0; 2.0; 2.0; 4.0 / 3.0; 2.0 / 3.0 ]

[<Fact>]
let ``a partial last batch is a step beyond the schedule`` () =
    // 4 scheduled steps, 5 taken; LinearLR stays at its end.
    spec LrScheduler.Constant 1.0 0 2 None 41L |> equal [ 1.0; 1.0; 1.0; 0.5; 0.0 ]

    spec LrScheduler.Cosine 1.0 0 0 (Some 0.0) 41L
    |> equal [ 1.0; quarter; 0.5; threeQuarters; 0.0 ]

[<Fact>]
let ``a cosine falls from the rate to its end between warm-up and decay`` () =
    // CosineAnnealingLR(T_max = 8 − 2 − 2, eta_min = 0.2).
    spec LrScheduler.Cosine 1.0 2 2 (Some 0.2) 80L
    |> equal [ 0.5; 1.0; 1.0; 0.2 + 0.8 * quarter; 0.6; 0.2 + 0.8 * threeQuarters; 0.2; 0.1 ]

[<Fact>]
let ``the end is a tenth of the rate unless given`` () =
    spec LrScheduler.Cosine 1.0 0 1 None 30L |> equal [ 1.0; 0.55; 0.1 ]

[<Fact>]
let ``a cosine with restarts begins again every T_0 steps`` () =
    // CosineAnnealingWarmRestarts(T_0 = (9 − 1) // 2, eta_min = 0.2) after one step of warm-up.
    let wave = [ 2.0; 0.2 + 1.8 * quarter; 1.1; 0.2 + 1.8 * threeQuarters ]
    spec (LrScheduler.CosineRestarts 2) 2.0 1 0 None 90L |> equal (2.0 :: wave @ wave)
    // T_0 = 8 // 3 = 2: a fourth wave begins.
    spec (LrScheduler.CosineRestarts 3) 2.0 0 0 None 80L
    |> equal [ 2.0; 1.1; 2.0; 1.1; 2.0; 1.1; 2.0; 1.1 ]

[<Fact>]
let ``decay after restarts starts at the end rate`` () =
    spec (LrScheduler.CosineRestarts 1) 1.0 0 2 (Some 0.4) 40L |> equal [ 1.0; 0.7; 0.4; 0.2 ]

[<Fact>]
let ``the benchmark takes a step more than its schedule knows`` () =
    let benchmark =
        { TrainingSteps.training with
            Samples = 200_000_000L<sample>
            BatchSize = 1024 }

    Assert.Equal(195_313<step>, Schedule.steps benchmark)
    Assert.Equal(195_312<step>, Schedule.scheduledSteps benchmark)
