module SynthSae.Tests.FoldTests

open System
open SynthSae.Compute
open FsCheck.FSharp
open Xunit

let private random (seed: int) activation =
    let random = Random seed
    let latents, dim = 1 + random.Next 12, 1 + random.Next 8

    let draw _ =
        float32 (random.NextDouble() * 2.0 - 1.0)

    let scale = Array.init latents (fun _ -> float32 (10.0 ** (random.NextDouble() * 4.0 - 2.0)))

    { Encoder = Matrix.init latents dim (fun _ _ -> draw ())
      Decoder = Matrix.init latents dim (fun j _ -> scale[j] * draw ())
      EncoderBias = Array.init latents draw
      DecoderBias = Array.init dim draw
      ApplyDecoderBiasToInput = random.Next 2 = 0
      Activation = activation latents random
      Refinement = None
      Scaling = InputScaling.None }

let private batch (sae: Sae) (seed: int) =
    let random = Random seed
    Matrix.init 9 sae.Dim (fun _ _ -> float32 (random.NextDouble() * 4.0 - 2.0))

let private output sae x =
    PlainSae.decode sae (PlainSae.encode sae x)

/// Largest difference, relative to the largest output.
let private difference (a: float[,]) (b: float[,]) =
    let flat (values: float[,]) = values |> Seq.cast<float>
    let largest = flat a |> Seq.map abs |> Seq.max
    (Seq.map2 (fun x y -> abs (x - y)) (flat a) (flat b) |> Seq.max) / (largest + 1e-3)

let private thresholds (latents: int) (random: Random) =
    Activation.JumpRelu(Array.init latents (fun _ -> float32 (random.NextDouble())))

let private activations: (string * (int -> Random -> Activation)) list =
    [ "relu", (fun _ _ -> Activation.Relu)
      "topk", (fun latents random -> Activation.TopK(1 + random.Next latents, true))
      "topk by size", (fun latents random -> Activation.TopK(1 + random.Next latents, false))
      "batchtopk",
      (fun latents random -> Activation.BatchTopK(float latents * random.NextDouble(), true))
      "abstopk", (fun latents random -> Activation.AbsTopK(1 + random.Next latents, true))
      "gated",
      (fun latents random ->
          let draw _ =
              float32 (random.NextDouble() * 2.0 - 1.0)

          Activation.Gated(Array.init latents draw, Array.init latents draw))
      "jumprelu", thresholds ]

[<Fact>]
let ``folding the decoder norm keeps the output`` () =
    for name, activation in activations do
        Property.forAll (Gen.choose (0, 1_000_000)) (fun seed ->
            let sae = random seed activation
            let x = batch sae (seed + 1)
            let found = difference (output sae x) (output (Fold.decoderNorm sae) x)

            if found > 1e-4 then
                failwith $"{name}, seed {seed}: outputs differ by {found}"

            true)

[<Fact>]
let ``after folding every decoder row has norm 1 and the SAE itself is unchanged`` () =
    let sae = random 5 thresholds
    let before = Matrix.copy sae.Decoder
    let folded = Fold.decoderNorm sae

    for norm in Fold.decoderNorms folded.Decoder do
        Assert.Equal(1.0, float norm, 1e-6)

    Assert.True(sae.Decoder.Span.SequenceEqual before.Span)

[<Fact>]
let ``selection by unscaled size is not folded`` () =
    let sae = random 5 (fun _ _ -> Activation.TopK(1, false))
    Assert.Same(sae.Decoder, (Fold.decoderNorm sae).Decoder)

[<Fact>]
let ``a decoder row of zeros stays finite`` () =
    let sae = random 5 (fun _ _ -> Activation.TopK(1, true))
    sae.Decoder.Row(0).Clear()
    let folded = Fold.decoderNorm sae
    Assert.Equal(0.0f, folded.Decoder[0, 0])
    Assert.True(Single.IsFinite folded.Encoder[0, 0])

[<Fact>]
let ``BatchTopK becomes a JumpReLU with the running threshold`` () =
    let sae = random 7 (fun _ _ -> Activation.BatchTopK(2.0, true))
    let inference = Fold.inference 0.25 0.0 sae
    Assert.Equal(Activation.JumpRelu(Array.create sae.Latents 0.25f), inference.Activation)
    let x = batch sae 8
    let f = PlainSae.encode { sae with Activation = Activation.BatchTopK(1e6, true) } x
    // Scaled latents above the threshold are those that fire.
    let expected = f |> Array2D.map (fun value -> if value > 0.25 then value else 0.0)
    Assert.True(difference expected (PlainSae.encode inference x) < 1e-4)
