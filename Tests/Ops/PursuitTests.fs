module SynthSae.Tests.Ops.PursuitTests

open System
open SynthSae.Compute
open SynthSae.Compute.Files
open SynthSae.Compute.Ops
open SynthSae.Tests
open Xunit

let private limits iterations threshold stops : PursuitLimits =
    { MaxIterations = iterations
      ResidualThreshold = threshold
      StopOnDuplicateSupport = stops }

let private withDecoder limits (decoder: Matrix) : Sae =
    { Sae.create
          (Matrix(0, decoder.Cols))
          decoder
          [||]
          (Samples.vector 5 decoder.Cols)
          (Activation.Pursuit limits) with
        ApplyDecoderBiasToInput = true }

/// Random directions with norms from 0.7 to 1.1: at √2 a pursuit would begin to grow instead of shrinking.
let private decoder seed latents dim =
    let rows = Samples.gaussian seed latents dim
    Rows.normalise 1 rows

    Matrix.init latents dim (fun latent d -> rows[latent, d] * (0.7f + 0.1f * float32 (latent % 5)))

let private saeOf limits latents dim =
    withDecoder limits (decoder 3 latents dim)

let private plainEncode (sae: Sae) (x: Matrix) =
    let path, codes = Codes sae.Latents, Codes sae.Latents
    PursuitReference.encode sae (Pursuit.limits sae) x path codes
    path, codes

let private encode threads (sae: Sae) (x: Matrix) =
    let path, codes = Codes sae.Latents, Codes sae.Latents
    PursuitCpu(threads, sae).Encode(Pursuit.limits sae, x, path, codes)
    path, codes

/// The same path, and values within `bound`.
let private samePath bound (expected: Codes) (actual: Codes) =
    let starts, latents, values = Samples.entries expected
    let actualStarts, actualLatents, actualValues = Samples.entries actual
    Assert.Equal<int[]>(starts, actualStarts)
    Assert.Equal<int[]>(latents, actualLatents)

    Array.iter2 (fun (a: float32) b -> Assert.InRange(abs (a - b), 0.0f, bound)) values actualValues

/// Largest norm of a row.
let private size (x: Matrix) =
    Seq.fold
        (fun most row -> max most (sqrt (Rows.squaredNormAt x row)))
        0.0
        (seq { 0 .. x.Rows - 1 })

// ---- the reference's own figures -----------------------------------------------------------------

let private oracles = [ "matching_pursuit"; "matching_pursuit_stop" ]

let private oracleSae (oracle: StepOracle) weights (bias: float32[]) : Sae =
    let activation =
        SynthSae.Compute.Training.Initialisation.activation
            oracle.Sae.DSae
            oracle.Sae.DIn.Value
            oracle.Sae.Architecture

    Sae.create (Matrix(0, bias.Length)) weights [||] bias activation

[<Fact>]
let ``saved SAEs encode and decode as the reference says`` () =
    for name in oracles do
        use weights = Safetensors.read (Oracles.path $"saes/{name}/sae_weights.safetensors")
        use outputs = Safetensors.read (Oracles.path $"saes/{name}/outputs.safetensors")

        let sae =
            oracleSae (StepOracles.read name) (weights.Matrix "W_dec") (weights.Float32 "b_dec")

        for backend in [ Backend.Reference; Backend.Cpu 2 ] do
            let runner = SaeRunner(backend, sae)
            let codes = Codes sae.Latents
            let x = outputs.Matrix "x"
            let reconstruction = Matrix(x.Rows, x.Cols)
            runner.Encode(x, codes)
            runner.Decode(codes, reconstruction)
            let latents = Samples.distance (outputs.Matrix "encode") (Codes.toDense codes)
            Assert.InRange(latents, 0.0, 1e-5)
            Assert.InRange(Samples.distance (outputs.Matrix "decode") reconstruction, 0.0, 1e-5)

[<Fact>]
let ``codes, reconstruction and gradients of a training step are the reference's`` () =
    for name in oracles do
        let oracle = StepOracles.read name
        let tensor name = StepOracles.matrix oracle.Tensors[name]

        let vector name =
            Array.map float32 oracle.Tensors[name].Values

        let sae = oracleSae oracle (tensor "init.W_dec") (vector "init.b_dec")
        let x = oracle.Steps.Head.X
        let centred = EncodeReference.centre sae x (Matrix(x.Rows, x.Cols))
        let cpu = PursuitCpu(2, sae)

        for encode, backward in
            [ PursuitReference.encode sae (Pursuit.limits sae), PursuitReference.backward sae
              (fun x path codes -> cpu.Encode(Pursuit.limits sae, x, path, codes)),
              (fun x path g dW db -> cpu.Backward(x, path, g, dW, db)) ] do
            let path, codes = Codes sae.Latents, Codes sae.Latents
            encode centred path codes
            let g = Matrix(x.Rows, x.Cols)
            DecodeCodesReference.run codes sae.Decoder sae.DecoderBias g
            let acts = tensor "feature_acts_0"
            Assert.InRange(Samples.distance acts (Codes.toDense codes), 0.0, 1e-5)
            Assert.InRange(Samples.distance (tensor "sae_out_0") g, 0.0, 1e-5)

            for row in 0 .. x.Rows - 1 do
                for d in 0 .. x.Cols - 1 do
                    g[row, d] <- 2.0f / float32 x.Rows * (g[row, d] - x[row, d])

            let decoder, bias = Matrix(sae.Latents, sae.Dim), Array.zeroCreate sae.Dim
            backward centred path g decoder bias
            Assert.InRange(Samples.distance (tensor "grad.W_dec") decoder, 0.0, 5e-6)
            Array.iter2 (fun a b -> Assert.Equal(a, b, 5e-6f)) (vector "grad.b_dec") bias

// ---- meaning -------------------------------------------------------------------------------------

let private entriesOf (codes: Codes) row =
    List.zip
        (List.ofArray (codes.RowIndex(row).ToArray()))
        (List.ofArray (codes.RowValue(row).ToArray()))

/// The path of one sample, which both backends must agree on to the bit.
let private pathOf (limits: PursuitLimits) decoder (x: float32 list) =
    let sae = withDecoder limits decoder
    let x = Matrix.ofArray 1 x.Length (Array.ofList x)
    let path, codes = plainEncode sae x
    let fastPath, fastCodes = encode 2 sae x
    Assert.Equal(Samples.entries path, Samples.entries fastPath)
    Assert.Equal(Samples.entries codes, Samples.entries fastCodes)
    entriesOf path 0, entriesOf codes 0

let private diagonal size (value: float32) =
    Matrix.init size size (fun i j -> if i = j then value else 0.0f)

[<Fact>]
let ``largest projection first, and its latent's direction is taken out`` () =
    let path, codes = pathOf (limits 9 0.0 false) (diagonal 4 1.0f) [ 1.0f; 3.0f; -5.0f; 2.0f ]
    Assert.Equal<(int * float32) list>([ 1, 3.0f; 3, 2.0f; 0, 1.0f ], path)
    Assert.Equal<(int * float32) list>([ 0, 1.0f; 1, 3.0f; 3, 2.0f ], codes)

[<Fact>]
let ``values are not divided by the norm, and those of a latent that comes again add up`` () =
    let path, codes = pathOf (limits 3 0.0 false) (diagonal 2 0.5f) [ 16.0f; 11.0f ]
    Assert.Equal<(int * float32) list>([ 0, 8.0f; 0, 6.0f; 1, 5.5f ], path)
    Assert.Equal<(int * float32) list>([ 0, 14.0f; 1, 5.5f ], codes)

[<Fact>]
let ``the first latent that comes again counts, and is the last`` () =
    let path, _ = pathOf (limits 9 0.0 true) (diagonal 2 0.5f) [ 16.0f; 13.0f ]
    Assert.Equal<(int * float32) list>([ 0, 8.0f; 1, 6.5f; 0, 6.0f ], path)

[<Fact>]
let ``the iteration that brings the residual below the threshold counts, and is the last`` () =
    for threshold, count in [ 1.5, 2; 1.0, 3; 2.5, 1; 4.0, 1; 0.5, 3 ] do
        let path, _ = pathOf (limits 9 threshold false) (diagonal 3 1.0f) [ 1.0f; 3.0f; 2.0f ]
        Assert.Equal(count, path.Length)

[<Fact>]
let ``equal projections give the lower latent`` () =
    let path, _ = pathOf (limits 2 0.0 false) (diagonal 3 1.0f) [ 2.0f; 7.0f; 7.0f ]
    Assert.Equal<(int * float32) list>([ 1, 7.0f; 2, 7.0f ], path)

[<Fact>]
let ``nothing along any direction gives no latents`` () =
    for x in [ [ 0.0f; 0.0f ]; [ -1.0f; -2.0f ] ] do
        let path, codes = pathOf (limits 4 0.0 false) (diagonal 2 1.0f) x
        Assert.Empty path
        Assert.Empty codes

// ---- agreement -----------------------------------------------------------------------------------

/// (B, D, L): one of everything, around the SIMD width, odd, and larger than a piece of work.
let sizes: obj[] list =
    [ [| 1; 1; 1 |]
      [| 3; 5; 1 |]
      [| 3; 15; 17 |]
      [| 9; 16; 32 |]
      [| 70; 33; 130 |]
      [| 20; 64; 301 |]
      [| 65; 40; 64 |] ]

let private allLimits dim =
    [ limits 1 0.0 false
      limits 6 0.0 false
      limits dim 0.01 true
      limits 12 (0.6 * sqrt (float dim)) false
      limits 12 (0.4 * sqrt (float dim)) true ]

[<Theory; MemberData(nameof sizes)>]
let ``paths, codes and gradients agree, and do not depend on threads`` batch dim latents =
    for limits in allLimits dim do
        let sae = saeOf limits latents dim
        let x, g = Samples.gaussian 7 batch dim, Samples.gaussian 8 batch dim
        let tolerance = float32 (1e-5 * size x)
        let path, codes = plainEncode sae x
        let onePath, oneCodes = encode 1 sae x
        let threePath, threeCodes = encode 3 sae x
        samePath tolerance path onePath
        samePath tolerance codes oneCodes
        Assert.Equal(Samples.entries onePath, Samples.entries threePath)
        Assert.Equal(Samples.entries oneCodes, Samples.entries threeCodes)

        let gradients backward =
            let decoder, bias = Samples.gaussian 9 latents dim, Samples.vector 10 dim
            backward (x, path, g, decoder, bias)
            decoder, Matrix.ofArray 1 dim bias

        let decoder, bias =
            gradients (fun (x, p, g, w, b) -> PursuitReference.backward sae x p g w b)

        let oneDecoder, oneBias = gradients (PursuitCpu(1, sae).Backward)
        let threeDecoder, threeBias = gradients (PursuitCpu(3, sae).Backward)

        let largest (m: Matrix) =
            Seq.max (Seq.map abs (m.Span.ToArray())) |> float

        Assert.InRange(Samples.distance decoder oneDecoder, 0.0, 1e-5 * largest decoder)
        Assert.InRange(Samples.distance bias oneBias, 0.0, 1e-5 * largest bias)
        Assert.Equal<float32[]>(oneDecoder.Span.ToArray(), threeDecoder.Span.ToArray())
        Assert.Equal<float32[]>(oneBias.Span.ToArray(), threeBias.Span.ToArray())

[<Fact>]
let ``ties and directions that come twice give equal codes to the bit`` () =
    // Inputs of quarters and directions of sixteenths: three iterations of float32 are exact.
    for latents, dim in [ 40, 12; 129, 16; 70, 3 ] do
        let rows = Samples.tied 3 latents dim

        let rows = Matrix.init latents dim (fun latent d -> rows[latent - latent % 3, d] / 4.0f)

        let sae = withDecoder (limits 3 0.0 false) rows
        let x = Samples.tied 4 50 dim
        let path, codes = plainEncode sae x
        let fastPath, fastCodes = encode 2 sae x
        Assert.Equal(Samples.entries path, Samples.entries fastPath)
        Assert.Equal(Samples.entries codes, Samples.entries fastCodes)

        for latent in fastPath.Index[.. fastPath.Count - 1] do
            Assert.Equal(0, latent % 3)

[<Fact>]
let ``a direction that comes again far away is never chosen before the first`` () =
    let rows = decoder 3 90 31
    let twice = Matrix.init 180 31 (fun latent d -> rows[latent % 90, d])
    let path, _ = encode 2 (withDecoder (limits 20 0.0 false) twice) (Samples.gaussian 4 60 31)
    Assert.All(path.Index[.. path.Count - 1], (fun latent -> Assert.InRange(latent, 0, 89)))

[<Fact>]
let ``the codes are the same with the Gram matrix and without`` () =
    let sae = saeOf (limits 5 0.5 false) 600 40
    let pursuit = PursuitCpu(2, sae)
    let x = Samples.gaussian 4 3 40
    let path, codes = Codes 600, Codes 600

    let batches =
        [ for _ in 1..60 do
              pursuit.Encode(Pursuit.limits sae, x, path, codes)
              Samples.entries path, Samples.entries codes ]

    // 600 latents: the Gram matrix is made in the 20th batch of 3 samples and 5 iterations.
    Assert.All(batches, (fun batch -> Assert.Equal(batches.Head, batch)))

[<Fact>]
let ``other weights are used once the decoder has changed`` () =
    let sae = saeOf (limits 5 0.0 false) 20 40
    let pursuit = PursuitCpu(2, sae)
    let x = Samples.gaussian 4 30 40
    let path, codes = Codes 20, Codes 20
    pursuit.Encode(Pursuit.limits sae, x, path, codes)
    (decoder 77 20 40).Span.CopyTo sae.Decoder.Span
    pursuit.DecoderChanged()
    pursuit.Encode(Pursuit.limits sae, x, path, codes)
    samePath 1e-4f (fst (plainEncode sae x)) path

/// Follow a path with the float32 residuals of the CPU: each choice must be the best but for a share, and its value
/// the projection, to rounding of what is left at that moment.
let private follow (sae: Sae) (x: Matrix) (path: Codes) share =
    for sample in 0 .. x.Rows - 1 do
        let r = x.Row(sample).ToArray()

        let dot latent =
            Seq.sum (seq { for d in 0 .. sae.Dim - 1 -> float r[d] * float sae.Decoder[latent, d] })

        for latent, value in entriesOf path sample do
            let tolerance = 1e-6 * sqrt (Rows.squaredNorm (ReadOnlySpan r))
            let best = Seq.max (Seq.map dot (seq { 0 .. sae.Latents - 1 }))
            Assert.InRange(dot latent, (1.0 - share) * best - tolerance, best)
            Assert.InRange(float value, dot latent - tolerance, dot latent + tolerance)

            for d in 0 .. sae.Dim - 1 do
                r[d] <- MathF.FusedMultiplyAdd(-value, sae.Decoder[latent, d], r[d])

[<Fact>]
let ``long pursuits stay true to the residual down to a millionth of the input`` () =
    let sae = saeOf (limits 2000 1e-5 false) 150 24
    let x = Samples.gaussian 4 20 24
    let path, codes = encode 2 sae x
    follow sae x path 0.01
    let left = Matrix(20, 24)
    DecodeCodesReference.run codes sae.Decoder (Array.zeroCreate 24) left

    for sample in 0..19 do
        let count = path.RowStart[sample + 1] - path.RowStart[sample]
        Assert.InRange(count, 30, 1999)

    // The sum of rounding errors of a long path, not the threshold, bounds what is left.
    Assert.InRange(Samples.distance x left, 0.0, 3e-5)

[<Fact>]
let ``a batch larger than what is done at a time gives each sample its own codes`` () =
    let sae = saeOf (limits 4 0.0 false) 33 17
    let x = Samples.gaussian 4 2500 17
    let path, _ = encode 2 sae x
    samePath 1e-4f (fst (plainEncode sae x)) path

[<Fact>]
let ``only SAEs and inputs that fit are taken`` () =
    let relu = Samples.sae 1 4 3 Activation.Relu
    Assert.Throws<ArgumentException>(fun () -> Pursuit.limits relu |> ignore) |> ignore
    let sae = saeOf (limits 4 0.0 false) 5 3

    Assert.Throws<ArgumentException>(fun () -> encode 1 sae (Matrix(2, 4)) |> ignore)
    |> ignore

// ---- gradients -----------------------------------------------------------------------------------

/// Σ_b g_b·x̂_b with the latents of a path, in double, as a function of W (L, D) and b_dec (1, D).
let private output (path: Codes) (x: Matrix) (g: Matrix) (weights: float[,]) (bias: float[,]) () =
    let dim = x.Cols
    let mutable sum = 0.0

    for sample in 0 .. x.Rows - 1 do
        let r = Array.init dim (fun d -> float x[sample, d] - bias[0, d])

        for latent in path.RowIndex(sample).ToArray() do
            let value = Seq.sum (seq { for d in 0 .. dim - 1 -> r[d] * weights[latent, d] })

            for d in 0 .. dim - 1 do
                r[d] <- r[d] - value * weights[latent, d]

        // x̂ = x − r, because what the latents explain is what they took out.
        for d in 0 .. dim - 1 do
            sum <- sum + float g[sample, d] * (float x[sample, d] - r[d])

    sum

[<Fact>]
let ``gradients are those of finite differences with the selection held`` () =
    let sae = saeOf (limits 7 0.0 false) 9 6
    let x, g = Samples.gaussian 4 5 6, Samples.gaussian 5 5 6
    let centred = EncodeReference.centre sae x (Matrix(5, 6))
    let path, codes = plainEncode sae centred

    // Latents that come again are part of it.
    Assert.True(codes.Count < path.Count)
    let weights = Array2D.init 9 6 (fun j d -> float sae.Decoder[j, d])
    let bias = Array2D.init 1 6 (fun _ d -> float sae.DecoderBias[d])
    let loss = output path x g weights bias
    let expected = FiniteDifferences.ofFunction loss weights
    let expectedBias = FiniteDifferences.ofFunction loss bias

    for backward in
        [ PursuitReference.backward sae
          (fun x path g dW db -> PursuitCpu(2, sae).Backward(x, path, g, dW, db)) ] do
        let decoder, decoderBias = Matrix(9, 6), Array.zeroCreate 6
        backward centred path g decoder decoderBias
        Assert.InRange(PlainSae.distance expected decoder, 0.0, 2e-5)
        Assert.InRange(PlainSae.distance expectedBias (Matrix.ofArray 1 6 decoderBias), 0.0, 2e-5)

[<Fact>]
let ``a bias that is not subtracted has no gradient`` () =
    let sae =
        { saeOf (limits 4 0.0 false) 9 6 with
            ApplyDecoderBiasToInput = false }

    let x = Samples.gaussian 4 5 6
    let path, _ = plainEncode sae x
    let bias, fastBias = Samples.vector 3 6, Samples.vector 3 6
    PursuitReference.backward sae x path x (Matrix(9, 6)) bias
    PursuitCpu(2, sae).Backward(x, path, x, Matrix(9, 6), fastBias)
    Assert.Equal<float32[]>(Samples.vector 3 6, bias)
    Assert.Equal<float32[]>(Samples.vector 3 6, fastBias)

[<Fact>]
let ``gradients of more entries than are kept at a time agree`` () =
    let samples, dim, latents, iterations = 40, 40_000, 3, 20
    let sae = saeOf (limits iterations 0.0 false) latents dim
    let x, g = Samples.gaussian 4 samples dim, Samples.gaussian 5 samples dim
    let path = Codes latents
    path.Reset(samples, samples * iterations)

    for sample in 0..samples do
        path.RowStart[sample] <- sample * iterations

    for entry in 0 .. path.Count - 1 do
        path.Index[entry] <- entry % latents
        path.Value[entry] <- 0.01f * float32 (entry % 7)

    let plain, fast = Matrix(latents, dim), Matrix(latents, dim)
    let bias, fastBias = Array.zeroCreate dim, Array.zeroCreate dim
    PursuitReference.backward sae x path g plain bias
    PursuitCpu(2, sae).Backward(x, path, g, fast, fastBias)
    Assert.InRange(Samples.distance plain fast, 0.0, 1e-3)
    Array.iter2 (fun a b -> Assert.Equal(a, b, 1e-3f)) bias fastBias
