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
