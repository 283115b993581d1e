namespace SynthSae.Tests

open System
open SynthSae.Compute

/// An SAE's forward pass in dense double loops, straight from its definition and apart from the ops.
module PlainSae =
    let private norm (sae: Sae) latent =
        Math.Sqrt(
            Seq.sum (seq { for i in 0 .. sae.Dim - 1 -> float sae.Decoder[latent, i] ** 2.0 })
        )

    /// Pre-activations (B, L).
    let pre (sae: Sae) (x: Matrix) =
        Array2D.init x.Rows sae.Latents (fun b j ->
            let mutable sum = float sae.EncoderBias[j]

            for i in 0 .. sae.Dim - 1 do
                let shift = if sae.ApplyDecoderBiasToInput then sae.DecoderBias[i] else 0.0f
                sum <- sum + (float x[b, i] - float shift) * float sae.Encoder[j, i]

            sum)

    /// Keep the `count` entries of largest size (of equals the first) among some, if that is above 0.
    let private keepLargest
        (size: float -> float)
        count
        (entries: (int * int) list)
        (value: int -> int -> float)
        (f: float[,])
        =
        let kept = entries |> List.sortBy (fun (b, j) -> -(size (value b j))) |> List.truncate count

        for b, j in kept do
            if size (value b j) > 0.0 then
                f[b, j] <- value b j

    let private select (sae: Sae) activation (pre: float[,]) : float[,] =
        let rows = Array2D.length1 pre
        let f = Array2D.zeroCreate rows sae.Latents
        let norms = Array.init sae.Latents (norm sae)

        let scaled rescale b j =
            if rescale then pre[b, j] * norms[j] else pre[b, j]

        let row b =
            [ for j in 0 .. sae.Latents - 1 -> b, j ]

        let eachRow size k rescale =
            for b in 0 .. rows - 1 do
                keepLargest size k (row b) (scaled rescale) f

            f

        match activation with
        | Activation.Relu -> Array2D.map (max 0.0) pre
        | Activation.JumpRelu threshold ->
            pre
            |> Array2D.mapi (fun _ j value ->
                if value > float threshold[j] then max 0.0 value else 0.0)
        | Activation.Gated(scale, bias) ->
            pre
            |> Array2D.mapi (fun _ j value ->
                if value > 0.0 then
                    exp (float scale[j]) * (value - float sae.EncoderBias[j]) + float bias[j]
                    |> max 0.0
                else
                    0.0)
        | Activation.TopK(k, rescale) -> eachRow id k rescale
        | Activation.AbsTopK(k, rescale) -> eachRow abs k rescale
        | Activation.BatchTopK(k, rescale) ->
            let entries = List.collect row [ 0 .. rows - 1 ]
            keepLargest id (int (k * float rows)) entries (scaled rescale) f
            f
        | Activation.Pursuit _ -> invalidArg (nameof sae) "matching pursuit has no pre-activations"

    /// One sample's matching pursuit of x' (D).
    let private pursue (sae: Sae) (limits: PursuitLimits) (centred: float[]) : float[] =
        let w j =
            Array.init sae.Dim (fun i -> float sae.Decoder[j, i])

        let product a b = Array.map2 (*) a b |> Array.sum
        let f = Array.zeroCreate sae.Latents

        let rec iterate count (r: float[]) =
            let scores = Array.init sae.Latents (fun j -> product r (w j))
            let value = Array.max scores
            let j = Array.findIndex ((=) value) scores
            let isNew = f[j] = 0.0

            if value > 0.0 then
                f[j] <- f[j] + value
                let r = Array.map2 (fun a b -> a - value * b) r (w j)

                if
                    count < limits.MaxIterations
                    && (isNew || not limits.StopOnDuplicateSupport)
                    && not (sqrt (product r r) < limits.ResidualThreshold)
                then
                    iterate (count + 1) r

        iterate 1 centred
        f

    /// f in units of pre: what multiplies the decoder's rows.
    let private codes (sae: Sae) (f: float[,]) =
        let scale =
            Array.init sae.Latents (fun j -> if sae.Activation.Rescales then norm sae j else 1.0)

        f |> Array2D.mapi (fun _ j value -> if value = 0.0 then 0.0 else value / scale[j])

    let private multiplyDecoder (sae: Sae) (codes: float[,]) =
        Array2D.init (Array2D.length1 codes) sae.Dim (fun b i ->
            Seq.sum (
                seq { for j in 0 .. sae.Latents - 1 -> codes[b, j] * float sae.Decoder[j, i] }
            ))

    /// Latents f (B, L) as the reference's `encode` returns them: scaled by ‖W_dec,j‖ with `rescale`.
    let encode (sae: Sae) (x: Matrix) : float[,] =
        let left b i =
            let shift = if sae.ApplyDecoderBiasToInput then sae.DecoderBias[i] else 0.0f
            float x[b, i] - float shift

        match sae.Activation, sae.Refinement with
        | Activation.Pursuit limits, _ ->
            [| for b in 0 .. x.Rows - 1 -> pursue sae limits (Array.init sae.Dim (left b)) |]
            |> array2D
        | _, None -> select sae sae.Activation (pre sae x)
        | _, Some refinement ->
            let pre = pre sae x
            let first = multiplyDecoder sae (codes sae (select sae refinement.First pre))

            let left b i = left b i - first[b, i]

            pre
            |> Array2D.mapi (fun b j value ->
                value
                + refinement.Eta
                  * Seq.sum (
                      seq { for i in 0 .. sae.Dim - 1 -> left b i * float sae.Encoder[j, i] }
                  ))
            |> select sae sae.Activation

    /// x̂ (B, D) from the latents of `encode`.
    let decode (sae: Sae) (f: float[,]) : float[,] =
        // As in the reference, matching pursuit adds its bias only where it subtracted it.
        let adds = not sae.Activation.IsPursuit || sae.ApplyDecoderBiasToInput

        multiplyDecoder sae (codes sae f)
        |> Array2D.mapi (fun _ i value -> if adds then value + float sae.DecoderBias[i] else value)

    /// Largest |difference| between plain values and a matrix.
    let distance (plain: float[,]) (matrix: Matrix) =
        Seq.max (
            seq {
                for b in 0 .. matrix.Rows - 1 do
                    for i in 0 .. matrix.Cols - 1 -> abs (plain[b, i] - float matrix[b, i])
            }
        )
