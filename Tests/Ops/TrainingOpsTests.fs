module SynthSae.Tests.Ops.TrainingOpsTests

open SynthSae.Compute
open SynthSae.Compute.Ops
open SynthSae.Spec
open SynthSae.Tests
open Xunit

/// (B, D, L, k): one of everything, below and above the SIMD width, odd, and larger than a piece of work.
let sizes: obj[] list =
    [ [| 1; 1; 1; 1 |]; [| 3; 15; 17; 2 |]; [| 70; 33; 130; 5 |]; [| 65; 64; 200; 3 |] ]

let private relative (plain: Matrix) (fast: Matrix) =
    let size =
        Seq.fold
            (fun most (value: float32) -> max most (abs (float value)))
            1e-3
            (plain.Span.ToArray())

    Samples.distance plain fast / size

let private bias (values: float32[]) = Matrix.ofArray 1 values.Length values

[<Theory; MemberData(nameof sizes)>]
let ``encoding agrees, with and without the decoder bias in the input``
    batch
    dim
    latents
    (_k: int)
    =
    for subtract in [ true; false ] do
        let sae =
            { Samples.sae 1 latents dim Activation.Relu with
                ApplyDecoderBiasToInput = subtract }

        let x = Samples.gaussian 7 batch dim
        let plain, fast = Matrix(batch, latents), Matrix(batch, latents)
        EncodeReference.run sae x plain
        EncodeCpu.run 2 sae x fast
        Assert.InRange(relative plain fast, 0.0, 1e-5)

[<Theory; MemberData(nameof sizes)>]
let ``encoding with rounding agrees, and is encoding of what is rounded``
    batch
    dim
    latents
    (_k: int)
    =
    let sae = Samples.sae 1 latents dim Activation.Relu
    let x = Samples.gaussian 7 batch dim
    let product = EncodeAtCpu 2

    for precision in [ Precision.Bf16; Precision.Tf32; Precision.Fp32 ] do
        let rounded (a: Matrix) =
            Matrix.init a.Rows a.Cols (fun i j -> Rounding.number precision a[i, j])

        let plain, fast, before =
            Matrix(batch, latents), Matrix(batch, latents), Matrix(batch, latents)

        EncodeReference.runAt precision sae x plain
        product.Run(precision, sae, x, fast)
        Assert.InRange(relative plain fast, 0.0, 1e-5)
        EncodeCpu.runCentred 2 { sae with Encoder = rounded sae.Encoder } (rounded x) before
        Assert.Equal<float32[]>(before.Span.ToArray(), fast.Span.ToArray())

[<Theory; MemberData(nameof sizes)>]
let ``residual and gradients agree, and do not depend on threads`` batch dim latents k =
    let sae = Samples.sae 1 latents dim (Activation.TopK(k, true))
    let x, pre = Samples.gaussian 7 batch dim, Samples.gaussian 8 batch latents
    let codes = Codes latents
    SelectReference.run sae pre codes
    let plainError, fastError = Samples.gaussian 9 batch dim, Samples.gaussian 9 batch dim
    let plainSquares, fastSquares = Array.zeroCreate batch, Array.zeroCreate batch
    ResidualReference.run x plainError plainSquares
    ResidualCpu.run 2 x fastError fastSquares
    Assert.InRange(relative plainError fastError, 0.0, 1e-6)

    for b in 0 .. batch - 1 do
        Assert.InRange(abs (plainSquares[b] - fastSquares[b]), 0.0, 1e-5 * plainSquares[b])

    let factor = 0.37f
    let outputs = [ struct (plainError, float factor) ]
    let path = LatentPath.Of(x, plainError, factor)

    let lists () =
        let lists = LatentLists()
        lists.Fill codes
        lists

    let gradients run bias =
        let g = LatentGradients.create latents dim
        run sae path (lists ()) false g.Encoder g.Decoder g.EncoderBias
        bias sae batch outputs g.EncoderBias g.DecoderBias
        g

    let plain = gradients LatentGradientsReference.run LatentGradientsReference.decoderBias

    let fast threads =
        gradients (LatentGradientsCpu.run threads) (LatentGradientsCpu.decoderBias threads)

    let one, three = fast 1, fast 3
    Assert.InRange(relative plain.Encoder one.Encoder, 0.0, 1e-5)
    Assert.InRange(relative plain.Decoder one.Decoder, 0.0, 1e-5)
    Assert.InRange(relative (bias plain.EncoderBias) (bias one.EncoderBias), 0.0, 1e-5)
    Assert.InRange(relative (bias plain.DecoderBias) (bias one.DecoderBias), 0.0, 1e-5)
    Assert.Equal<float32[]>(one.Encoder.Span.ToArray(), three.Encoder.Span.ToArray())
    Assert.Equal<float32[]>(one.Decoder.Span.ToArray(), three.Decoder.Span.ToArray())
    Assert.Equal<float32[]>(one.DecoderBias, three.DecoderBias)

let private random latents dim =
    { LatentGradients.create latents dim with
        Encoder = Samples.gaussian 31 latents dim
        Decoder = Samples.gaussian 32 latents dim
        EncoderBias = Samples.vector 33 latents
        DecoderBias = Samples.vector 34 dim
        Threshold = Samples.vector 35 latents
        MagnitudeBias = Samples.vector 36 latents }

[<Theory; MemberData(nameof sizes)>]
let ``AuxK agrees, and does not depend on threads`` batch dim latents (_k: int) =
    // Errors of two levels: AuxK is asked for the second.
    let x, error = Samples.gaussian 7 batch dim, Samples.gaussian 9 (2 * batch) dim

    for rescale in [ true; false ] do
        for pre in [ Samples.gaussian 8 batch latents; Samples.tied 8 batch latents ] do
            for every in [ 1; 2; 17 ] do
                let sae = Samples.sae 1 latents dim (Activation.TopK(1, rescale))
                let scale = Select.scale sae
                let dead = [| 0..every .. latents - 1 |]

                let run auxK =
                    let gradients = random latents dim
                    let bias = if rescale then sae.DecoderBias else [||]

                    let result: AuxKResult =
                        auxK 0.7 bias sae x pre scale error batch dead gradients

                    result, gradients

                let plainResult, plain = run AuxKReference.run
                let oneResult, one = run (AuxKCpu.run 1)
                let threeResult, three = run (AuxKCpu.run 3)
                let loss, oneLoss, threeLoss = plainResult.Loss, oneResult.Loss, threeResult.Loss
                Assert.InRange(relative plainResult.Error oneResult.Error, 0.0, 1e-5)
                Assert.InRange(relative plainResult.Slopes oneResult.Slopes, 0.0, 1e-5)
                Assert.Equal(plainResult.Factor, oneResult.Factor, 6)
                Assert.InRange(abs (loss - oneLoss), 0.0, 1e-5 * loss)
                Assert.InRange(relative plain.Encoder one.Encoder, 0.0, 1e-5)
                Assert.InRange(relative plain.Decoder one.Decoder, 0.0, 1e-5)
                Assert.InRange(relative (bias plain.EncoderBias) (bias one.EncoderBias), 0.0, 1e-5)
                Assert.Equal<float32[]>(plain.DecoderBias, one.DecoderBias)
                Assert.Equal(oneLoss, threeLoss)
                Assert.Equal<float32[]>(one.Encoder.Span.ToArray(), three.Encoder.Span.ToArray())
                Assert.Equal<float32[]>(one.Decoder.Span.ToArray(), three.Decoder.Span.ToArray())
                Assert.Equal<float32[]>(one.EncoderBias, three.EncoderBias)

[<Theory; MemberData(nameof sizes)>]
let ``Adam makes the same parameters to the bit`` batch dim latents (_k: int) =
    let settings = { Beta1 = 0.9; Beta2 = 0.999; Epsilon = 1e-8 }

    let gradients = random latents dim

    let steps (update: AdamStep -> AdamState -> Parameters -> unit) =
        let parameters =
            { gradients with
                Encoder = Samples.gaussian 1 latents dim
                Decoder = Samples.gaussian 2 latents dim
                EncoderBias = Samples.vector 3 latents
                DecoderBias = Samples.vector 4 dim
                Threshold = Samples.vector 5 latents
                MagnitudeBias = Samples.vector 6 latents }

        let state = ClipAdam.create parameters

        for step in 1L .. 3L do
            update (ClipAdam.factors settings step 3e-4 (float batch)) state parameters

        parameters

    let plainNorms, norms = Array.zeroCreate latents, Array.zeroCreate latents

    let plain =
        steps (fun factors state parameters ->
            ClipAdamReference.run factors gradients state parameters plainNorms)

    let fast =
        steps (fun factors state parameters ->
            ClipAdamCpu.run 2 factors gradients state parameters norms)

    Assert.Equal<float32[]>(plain.Encoder.Span.ToArray(), fast.Encoder.Span.ToArray())
    Assert.Equal<float32[]>(plain.Decoder.Span.ToArray(), fast.Decoder.Span.ToArray())
    Assert.Equal<float32[]>(plain.EncoderBias, fast.EncoderBias)
    Assert.Equal<float32[]>(plain.DecoderBias, fast.DecoderBias)
    Assert.Equal<float32[]>(plain.Threshold, fast.Threshold)
    Assert.Equal<float32[]>(plain.MagnitudeBias, fast.MagnitudeBias)
    Assert.Equal<float32[]>(plainNorms, norms)
    Assert.Equal<float32[]>(Select.rowNorms fast.Decoder, norms)

    let plainNorm, fastNorm = ClipAdamReference.norm gradients, ClipAdamCpu.norm 2 gradients
    Assert.InRange(abs (plainNorm - fastNorm), 0.0, 1e-6 * plainNorm)

[<Fact>]
let ``a gradient of norm 4 is scaled to 1, one of norm 1/2 is left alone`` () =
    Assert.Equal(0.25, ClipAdam.clip 4.0, 6)
    Assert.Equal(1.0, ClipAdam.clip 0.5)
