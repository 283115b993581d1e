module SynthSae.Tests.Training.L0ControlTests

open SynthSae.Compute.Training
open SynthSae.Spec
open SynthSae.Tests
open FsCheck.FSharp
open Xunit

let private tuner = (SaeSpec.batchTopK 8 2.0).Autotuner

let private schedule shape =
    Some { Start = 80.0; Steps = Some 100<step>; Shape = shape }

[<Fact>]
let ``an L0 goes from its start to its end and stays there`` () =
    for shape in [ ScheduleShape.Linear; ScheduleShape.Cosine; ScheduleShape.Geometric ] do
        let at step =
            L0Schedule.at (schedule shape) 20.0 1000<step> step

        Assert.Equal(80.0, at 0<step>, 9)
        Assert.Equal(20.0, at 100<step>, 9)
        Assert.Equal(20.0, at 500<step>, 9)

        for step in 0..99 do
            Assert.True(at (step * 1<step>) > at ((step + 1) * 1<step>))

[<Theory>]
[<InlineData("linear", 50.0)>]
[<InlineData("cosine", 50.0)>]
[<InlineData("geometric", 40.0)>]
let ``half way it is what the shape says`` (name: string) (expected: float) =
    let shape =
        match name with
        | "linear" -> ScheduleShape.Linear
        | "cosine" -> ScheduleShape.Cosine
        | _ -> ScheduleShape.Geometric

    Assert.Equal(expected, L0Schedule.at (schedule shape) 20.0 1000<step> 50<step>, 9)

[<Fact>]
let ``without a length the schedule takes the whole run`` () =
    let schedule = schedule ScheduleShape.Linear |> Option.map (fun s -> { s with Steps = None })

    Assert.Equal(50.0, L0Schedule.at schedule 20.0 1000<step> 500<step>, 9)

[<Fact>]
let ``the controller's first steps are those of the formulas`` () =
    // s = 50, rate 0, error 30: multiplier · (1 + 3e-4·tanh(10·30/20)).
    let first = Autotuner.next tuner 20.0 0<step> 50.0 Autotuner.start
    Assert.Equal(1.0 + 3e-4 * tanh 15.0, first.Multiplier, 12)
    // s = 0.99·50 + 0.01·40 = 49.9, rate = 0.05·(−0.1): on its way down, so a hundredth of the gain.
    let second = Autotuner.next tuner 20.0 1<step> 40.0 first
    Assert.Equal(49.9, second.Smoothed, 9)
    Assert.Equal(-0.005, second.Rate, 9)
    Assert.Equal(first.Multiplier * (1.0 + 3e-6 * tanh 14.95), second.Multiplier, 12)

[<Fact>]
let ``the controller waits for its first step, and leaves errors within the dead band`` () =
    let later = { tuner with StartStep = 5<step> }
    Assert.Equal(1.0, (Autotuner.next later 20.0 4<step> 50.0 Autotuner.start).Multiplier)
    Assert.NotEqual(1.0, (Autotuner.next later 20.0 5<step> 50.0 Autotuner.start).Multiplier)
    let wide = { tuner with Deadband = 30.0 }
    Assert.Equal(1.0, (Autotuner.next wide 20.0 0<step> 50.0 Autotuner.start).Multiplier)

[<Fact>]
let ``the multiplier stays within its bounds and says when it stands there`` () =
    let run l0 =
        let mutable state = Autotuner.start

        for step in 0..40000 do
            state <- Autotuner.next tuner 20.0 (step * 1<step>) l0 state

        state

    Assert.Equal(Autotuner.most, (run 1000.0).Multiplier)
    Assert.Equal(Autotuner.least, (run 1.0).Multiplier)
    Assert.True(Autotuner.isSaturated (run 1000.0))
    Assert.False(Autotuner.isSaturated Autotuner.start)

[<Fact>]
let ``a coefficient warms up from 0`` () =
    let coefficient = { Value = 2.0; WarmUpSteps = 4<step> }
    let values = [ for step in 0..5 -> Coefficients.at coefficient (step * 1<step>) ]
    Assert.Equal<float list>([ 0.0; 0.5; 1.0; 1.5; 2.0; 2.0 ], values)
    Assert.Equal(2.0, Coefficients.at { coefficient with WarmUpSteps = 0<step> } 0<step>)

[<Fact>]
let ``levels fill the order of the latents`` () =
    let order = [| 3; 0; 4; 1; 2 |]
    Assert.Equal<int[]>([| 0; 1; 2; 0; 1 |], Levels.ofOrder [| 2; 4; 5 |] order)

[<Fact>]
let ``frequencies start with the first batch and then move by a hundredth`` () =
    let frequencies = FiringFrequencies 3
    frequencies.Update([| 4; 0; 2 |], 4)
    Assert.Equal<float[]>([| 1.0; 0.0; 0.5 |], frequencies.Shares)
    frequencies.Update([| 0; 4; 2 |], 4)
    Assert.Equal<float[]>([| 0.99; 0.01; 0.5 |], frequencies.Shares)
    Assert.Equal<int[]>([| 0; 2; 1 |], frequencies.Order())

[<Fact>]
let ``every latent is in one level, and levels have their widths`` () =
    Property.forAll (Gen.choose (1, 60)) (fun latents ->
        let random = System.Random latents
        let inner = Array.init 3 (fun _ -> 1 + random.Next latents) |> Array.distinct |> Array.sort

        let levels =
            { Widths = List.ofArray inner
              AuxLossPerLevel = false
              InnerWeights = []
              Detached = false
              Order = LevelOrder.Frequency
              L1Coefficients = [] }

        let widths = Levels.widths latents levels
        let frequencies = FiringFrequencies latents
        frequencies.Update(Array.init latents (fun _ -> random.Next 4), 4)
        let level = Levels.ofOrder widths (frequencies.Order())

        widths
        |> Array.mapi (fun l width -> Array.length (Array.filter (fun m -> m <= l) level) = width)
        |> Array.forall id)
