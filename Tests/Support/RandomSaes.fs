namespace SynthSae.Tests

open System
open SynthSae.Compute
open SynthSae.Compute.Ops

/// Random SAEs of every kind, with decoder rows whose norms are powers of two: folding those, or a factor that is
/// one, rounds nothing, so that outputs can be compared to the bit.
module RandomSaes =
    let private draw (random: Random) =
        float32 (random.NextDouble() * 2.0 - 1.0)

    let private vector (random: Random) length =
        Array.init length (fun _ -> draw random)

    let private positive (random: Random) length =
        Array.init length (fun _ -> float32 (random.NextDouble() * 0.5))

    let private pursuit (random: Random) =
        Activation.Pursuit
            { MaxIterations = 1 + random.Next 6
              ResidualThreshold = if random.Next 2 = 0 then 0.0 else 0.25
              StopOnDuplicateSupport = random.Next 2 = 0 }

    /// Names, and the activation for a number of latents.
    let kinds: (string * (Random -> int -> Activation)) list =
        [ "standard", (fun _ _ -> Activation.Relu)
          "topk", (fun random latents -> Activation.TopK(1 + random.Next latents, true))
          "topk by size", (fun random latents -> Activation.TopK(1 + random.Next latents, false))
          "abstopk", (fun random latents -> Activation.AbsTopK(1 + random.Next latents, true))
          "batchtopk",
          (fun random latents ->
              Activation.BatchTopK(0.1 + random.NextDouble() * float (latents - 1), true))
          "batchtopk by size",
          (fun random latents ->
              Activation.BatchTopK(0.1 + random.NextDouble() * float (latents - 1), false))
          "jumprelu", (fun random latents -> Activation.JumpRelu(positive random latents))
          "gated",
          (fun random latents -> Activation.Gated(vector random latents, vector random latents))
          "matching pursuit", (fun random _ -> pursuit random) ]

    /// A row of norm 2^e: one entry, or four of equal size.
    let private row (random: Random) dim =
        let size = MathF.ScaleB(1.0f, random.Next(-3, 3))
        let places = Array.init dim id |> Array.sortBy (fun _ -> random.Next())
        let result = Array.zeroCreate<float32> dim
        let count = if random.Next 3 = 0 then 1 else 4

        for place in Array.truncate count places do
            let sign = if random.Next 2 = 0 then 1.0f else -1.0f
            result[place] <- sign * (if count = 1 then 2.0f else 1.0f) * size

        result

    let private refinement (random: Random) activation latents =
        match activation with
        | Activation.TopK _
        | Activation.BatchTopK _ when random.Next 2 = 0 -> Some { Eta = 0.3; First = activation }
        | Activation.JumpRelu _ when random.Next 2 = 0 ->
            Some
                { Eta = 0.3
                  First = Activation.JumpRelu(positive random latents) }
        | _ -> None

    /// A random SAE of a kind.
    let create (kind: Random -> int -> Activation) (seed: int) : Sae =
        let random = Random seed
        let latents, dim = 2 + random.Next 12, 4 + random.Next 6
        let activation = kind random latents
        let pursues = activation.IsPursuit
        let rows = Array.init latents (fun _ -> row random dim)

        { Encoder = Matrix.init (if pursues then 0 else latents) dim (fun _ _ -> draw random)
          Decoder = Matrix.init latents dim (fun j i -> rows[j][i])
          EncoderBias = if pursues then [||] else vector random latents
          DecoderBias = vector random dim
          ApplyDecoderBiasToInput = random.Next 2 = 0
          Activation = activation
          Refinement = refinement random activation latents
          Scaling =
            match random.Next 4 with
            | 0 -> InputScaling.ConstantNorm
            | 1 -> InputScaling.LayerNorm
            | _ -> InputScaling.None }

    /// A batch for it.
    let batch (sae: Sae) (seed: int) =
        let random = Random(seed + 1)
        Matrix.init 7 sae.Dim (fun _ _ -> 2.0f * draw random)

    /// Latents (B, L) in the reference's units, and reconstruction (B, D).
    let run backend (sae: Sae) (x: Matrix) =
        let runner = SaeRunner(backend, sae)
        let codes, reconstruction = Codes sae.Latents, Matrix(x.Rows, sae.Dim)
        runner.Encode(x, codes)
        runner.Decode(codes, reconstruction)
        let scale = Select.scale sae
        let f = Codes.toDense codes

        for row in 0 .. f.Rows - 1 do
            for j in 0 .. f.Cols - 1 do
                if scale.Length > 0 then
                    f[row, j] <- f[row, j] * scale[j]

        f, reconstruction
