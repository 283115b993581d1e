module SynthSae.Tests.SamplerTests

open SynthSae.Bench
open SynthSae.Compute
open SynthSae.Compute.Ops
open Xunit

let private world seed =
    let world = HandMadeWorlds.random 60 seed
    let dim = 1 + seed * 37 % 300

    { world with
        Dictionary = Samples.gaussian seed world.NumFeatures dim
        Bias = Samples.vector (seed + 1) dim }

let private sample backend (world: World) first rows =
    let codes = Codes world.NumFeatures
    let x = Matrix(rows, world.HiddenDim)
    (Sampler.create backend world).Sample(Stream.Training, first, codes, x)
    codes, x

[<Fact>]
let ``activations are the codes decoded`` () =
    for seed in 1..20 do
        let world = world seed
        let codes, x = sample (Backend.Cpu 2) world 3L 70
        let decoded = Matrix(70, world.HiddenDim)
        DecodeCodesCpu.run 1 codes world.Dictionary world.Bias decoded
        Assert.Equal(0.0, Samples.distance decoded x)

[<Fact>]
let ``the backends agree: codes to the bit, activations within rounding`` () =
    for seed in 21..40 do
        let world = world seed
        let codes, x = sample (Backend.Cpu 3) world 3L 70
        let expectedCodes, expected = sample Backend.Reference world 3L 70
        Assert.Equal(Samples.entries expectedCodes, Samples.entries codes)

        for row in 0..69 do
            let index = codes.RowIndex(row).ToArray()
            let value = codes.RowValue(row).ToArray()

            for d in 0 .. world.HiddenDim - 1 do
                let term (feature: int) (value: float32) =
                    abs (value * world.Dictionary[feature, d])

                let size = abs world.Bias[d] + Array.sum (Array.map2 term index value)
                let bound = 2.0f * float32 (index.Length + 1) * 6e-8f * size
                Assert.True(abs (x[row, d] - expected[row, d]) <= bound)

[<Fact>]
let ``statistics do not depend on the backend's threads`` () =
    let measure threads =
        SampleStatistics.measure (Sampler.create (Backend.Cpu threads) (world 7)) 3000 10

    let one, three = measure 1, measure 3
    Assert.Equal(one, three)

[<Fact>]
let ``statistics of a world that is always the same are exact`` () =
    let world =
        { HandMadeWorlds.plain 4 4 with
            Threshold = [| -infinityf; -infinityf; infinityf; -infinityf |]
            MeanMagnitude = [| 3.0f; 4.0f; 1.0f; 12.0f |] }

    let statistics = SampleStatistics.measure (Sampler.create Backend.cpu world) 100 2
    Assert.Equal({ Mean = 3.0; Sd = 0.0; StandardError = 0.0 }, statistics.TrueL0)
    Assert.Equal({ Mean = 2.0; Sd = 0.0; StandardError = 0.0 }, statistics.FirstL0)
    Assert.Equal({ Mean = 13.0; Sd = 0.0; StandardError = 0.0 }, statistics.Norm)
    Assert.All(statistics.TrueL0Quantiles, (fun (_, quantile) -> Assert.Equal(3.0, quantile)))
    Assert.Equal(169.0, statistics.SquaredNormOfMean)
    Assert.Equal(0.0, statistics.TotalVariance)
    Assert.Equal<float>([| 1.0; 1.0; 0.0; 1.0 |], statistics.Features |> Array.map _.Rate)

    Assert.Equal<float>(
        [| 3.0; 4.0; 0.0; 12.0 |],
        statistics.Features |> Array.map _.MeanGivenActive
    )

    Assert.Equal<int option list>([ None ], statistics.ByDepth |> List.map _.Depth)
    Assert.Equal(1.5, statistics.ByDepth.Head.RateOverBase)
    Assert.Equal(0.0, statistics.RootActive)
