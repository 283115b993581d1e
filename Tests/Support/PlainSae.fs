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

    /// Keep the `count` largest (of equals the first) of some entries, if above 0.
    let private keepLargest
        count
        (entries: (int * int) list)
        (value: int -> int -> float)
        (f: float[,])
        =
        let kept = entries |> List.sortBy (fun (b, j) -> -(value b j)) |> List.truncate count

        for b, j in kept do
            if value b j > 0.0 then
                f[b, j] <- value b j

    /// Latents f (B, L) as the reference's `encode` returns them: scaled by ‖W_dec,j‖ with `rescale`.
    let encode (sae: Sae) (x: Matrix) : float[,] =
        let pre = pre sae x
        let f = Array2D.zeroCreate x.Rows sae.Latents
        let norms = Array.init sae.Latents (norm sae)

        let scaled rescale b j =
            if rescale then pre[b, j] * norms[j] else pre[b, j]

        let row b =
            [ for j in 0 .. sae.Latents - 1 -> b, j ]

        match sae.Activation with
        | Activation.Relu -> Array2D.map (max 0.0) pre
        | Activation.JumpRelu threshold ->
            pre
            |> Array2D.mapi (fun _ j value ->
                if value > float threshold[j] then max 0.0 value else 0.0)
        | Activation.TopK(k, rescale) ->
            for b in 0 .. x.Rows - 1 do
                keepLargest k (row b) (scaled rescale) f

            f
        | Activation.BatchTopK(k, rescale) ->
            let entries = List.collect row [ 0 .. x.Rows - 1 ]
            keepLargest (int (k * float x.Rows)) entries (scaled rescale) f
            f

    /// x̂ (B, D) from the latents of `encode`.
    let decode (sae: Sae) (f: float[,]) : float[,] =
        let rescale =
            match sae.Activation with
            | Activation.TopK(_, rescale)
            | Activation.BatchTopK(_, rescale) -> rescale
            | Activation.Relu
            | Activation.JumpRelu _ -> false

        let scale = Array.init sae.Latents (fun j -> if rescale then norm sae j else 1.0)

        Array2D.init (Array2D.length1 f) sae.Dim (fun b i ->
            let mutable sum = float sae.DecoderBias[i]

            for j in 0 .. sae.Latents - 1 do
                if f[b, j] <> 0.0 then
                    sum <- sum + f[b, j] / scale[j] * float sae.Decoder[j, i]

            sum)

    /// Largest |difference| between plain values and a matrix.
    let distance (plain: float[,]) (matrix: Matrix) =
        Seq.max (
            seq {
                for b in 0 .. matrix.Rows - 1 do
                    for i in 0 .. matrix.Cols - 1 -> abs (plain[b, i] - float matrix[b, i])
            }
        )
