module SynthSae.Tests.Training.InitialisationTests

open System
open SynthSae.Compute
open SynthSae.Compute.Autodiff
open SynthSae.Compute.Training
open SynthSae.Spec
open SynthSae.Tests
open Xunit

let private dim, latents = 96, 1024

let private spec norm =
    { SaeSpec.batchTopK latents 25.0 with
        DecoderInitNorm = norm }

let private raw = Initialisation.create (spec None) dim 7L
let private scaled = Initialisation.create (spec (Some 0.1)) dim 7L

/// The raw draws as fractions of ±√(6/D).
let private draws =
    raw.Decoder.Span.ToArray() |> Array.map (fun w -> float w / sqrt (6.0 / float dim))

[<Fact>]
let ``the decoder is uniform in ±√(6/D)`` () =
    let n, bins = float draws.Length, 32
    // The float32 next to the bound is the bound itself, within its rounding.
    Assert.All(draws, fun u -> Assert.InRange(u, -1.0 - 1e-6, 1.0 + 1e-6))
    // Mean 0 ± 1/√(3n), mean square 1/3 ± √(4/45)/√n; five standard errors.
    Assert.InRange(Array.average draws, -5.0 / sqrt (3.0 * n), 5.0 / sqrt (3.0 * n))
    let square = draws |> Array.averageBy (fun u -> u * u)
    Assert.InRange(square - 1.0 / 3.0, -5.0 * sqrt (4.0 / 45.0 / n), 5.0 * sqrt (4.0 / 45.0 / n))
    let expected = n / float bins

    let chiSquare =
        draws
        |> Array.countBy (fun u -> int (Math.Clamp((u + 1.0) / 2.0, 0.0, 1.0 - 1e-9) * float bins))
        |> Array.sumBy (fun (_, count) -> (float count - expected) ** 2.0 / expected)

    // 31 degrees of freedom: 31 ± √62.
    Assert.InRange(chiSquare, 31.0 - 3.5 * sqrt 62.0, 31.0 + 5.0 * sqrt 62.0)

[<Theory; InlineData 1; InlineData 96; InlineData 384>]
let ``draws at a distance are uncorrelated`` (lag: int) =
    let pairs = draws.Length - lag
    let correlation = Array.init pairs (fun i -> 3.0 * draws[i] * draws[i + lag]) |> Array.average
    Assert.InRange(correlation, -5.0 / sqrt (float pairs), 5.0 / sqrt (float pairs))

[<Fact>]
let ``rows are scaled to the given norm and keep their direction`` () =
    let norms =
        DenseAlgebra.elements (DenseAlgebra.rowNorms (TrainingSteps.ofMatrix scaled.Decoder))

    let rawNorms =
        DenseAlgebra.elements (DenseAlgebra.rowNorms (TrainingSteps.ofMatrix raw.Decoder))

    for j in 0 .. latents - 1 do
        // Rounding to float32 moves a norm by at most 2⁻²⁴ of it.
        Assert.InRange(norms[j], 0.1 * (1.0 - 1e-7), 0.1 * (1.0 + 1e-7))

        for i in 0 .. dim - 1 do
            let expected = 0.1 * float raw.Decoder[j, i] / rawNorms[j]

            Agreement.close
                "decoder"
                (2e-7 * abs expected + 1e-12)
                expected
                (float scaled.Decoder[j, i])

[<Fact>]
let ``the encoder is an untied copy of the decoder, and the biases are 0`` () =
    Assert.Equal<float32[]>(scaled.Decoder.Span.ToArray(), scaled.Encoder.Span.ToArray())
    Assert.False(scaled.Encoder.Ptr = scaled.Decoder.Ptr)
    Assert.Equal<float32[]>(Array.zeroCreate latents, scaled.EncoderBias)
    Assert.Equal<float32[]>(Array.zeroCreate dim, scaled.DecoderBias)
    Assert.Equal(Activation.BatchTopK(25.0, true), scaled.Activation)

[<Fact>]
let ``weights depend on the seed and on nothing else`` () =
    let weights seed =
        (Initialisation.create (spec None) dim seed).Decoder.Span.ToArray()

    Assert.Equal<float32[]>(weights 7L, raw.Decoder.Span.ToArray())
    Assert.NotEqual<float32[]>(weights 8L, weights 7L)
    Assert.NotEqual<float32[]>(weights -7L, weights 7L)
    let wider = Initialisation.create { spec None with DSae = latents + 1 } dim 7L
    Assert.Equal<float32[]>(weights 7L, wider.Decoder.Span.Slice(0, latents * dim).ToArray())

// ---- at given features -------------------------------------------------------------------------

let private features = Samples.gaussian 5 40 dim

let private atFeatures noise (spec: SaeSpec) =
    Initialisation.start
        { spec with
            Initialization = SaeInitialisation.Features noise }
        (Some features)
        dim
        7L

let private rows first count (matrix: Matrix) =
    matrix.Span.Slice(first * dim, count * dim).ToArray()

[<Fact>]
let ``the first latents begin at the features as they are, the others at random`` () =
    let sae = atFeatures 0.0 (spec (Some 0.1))
    Assert.Equal<float32[]>(rows 0 40 features, rows 0 40 sae.Decoder)

    Assert.Equal<float32[]>(
        rows 40 (latents - 40) scaled.Decoder,
        rows 40 (latents - 40) sae.Decoder
    )

    Assert.Equal<float32[]>(rows 0 latents sae.Decoder, rows 0 latents sae.Encoder)

    // Fewer latents than features.
    let few =
        atFeatures
            0.0
            { spec None with
                DSae = 9
                Architecture = (SaeSpec.topK 9 2).Architecture }

    Assert.Equal<float32[]>(rows 0 9 features, rows 0 9 few.Decoder)

[<Fact>]
let ``noise at the features is normal, with the given standard deviation`` () =
    let noise = 0.25
    let sae = atFeatures noise (spec None)
    Assert.Equal<float32[]>(rows 0 latents sae.Decoder, rows 0 latents sae.Encoder)

    let z =
        Array.map2 (fun a b -> float (a - b) / noise) (rows 0 40 sae.Decoder) (rows 0 40 features)

    // Mean 0 ± 1/√n, mean square 1 ± √(2/n); five standard errors.
    let n = float z.Length
    Assert.InRange(Array.average z, -5.0 / sqrt n, 5.0 / sqrt n)
    let square = z |> Array.averageBy (fun z -> z * z)
    Assert.InRange(square - 1.0, -5.0 * sqrt (2.0 / n), 5.0 * sqrt (2.0 / n))
    Assert.Equal<float32[]>(rows 0 40 sae.Decoder, rows 0 40 (atFeatures noise (spec None)).Decoder)

[<Fact>]
let ``features keep their norm unless rows must have norm 1`` () =
    let sae = atFeatures 0.1 { spec None with DecoderNorm = DecoderNorm.Unit }

    for latent in 0 .. latents - 1 do
        Assert.InRange(Rows.squaredNormAt sae.Decoder latent, 1.0 - 1e-6, 1.0 + 1e-6)

    Assert.Equal<float32[]>(rows 0 latents sae.Decoder, rows 0 latents sae.Encoder)

    let pursuit =
        SaeSpec.create
            latents
            (SaeArchitecture.MatchingPursuit
                { ResidualThreshold = 0.0
                  MaxIterations = Some 2
                  StopOnDuplicateSupport = true })
        |> atFeatures 0.0

    Assert.Equal<float32[]>(rows 0 40 features, rows 0 40 pursuit.Decoder)
    Assert.Equal(0, pursuit.Encoder.Rows)

[<Fact>]
let ``features that are missing are an input error`` () =
    let error =
        Assert.Throws<BadInput>(fun () ->
            Initialisation.create
                { spec None with
                    Initialization = SaeInitialisation.Features 0.0 }
                dim
                7L
            |> ignore)

    Assert.Contains("sae.initialization", error.Message)
