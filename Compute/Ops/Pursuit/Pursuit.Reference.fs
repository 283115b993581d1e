namespace SynthSae.Compute.Ops

open System
open SynthSae.Compute

module PursuitReference =
    let private dot (sae: Sae) (r: float[]) latent =
        let mutable sum = 0.0

        for d in 0 .. sae.Dim - 1 do
            sum <- sum + r[d] * float sae.Decoder[latent, d]

        sum

    /// r ← r − scale·W_latent.
    let private subtract (sae: Sae) (r: float[]) (scale: float) latent =
        for d in 0 .. sae.Dim - 1 do
            r[d] <- r[d] - scale * float sae.Decoder[latent, d]

    let private row (matrix: Matrix) index =
        Array.init matrix.Cols (fun d -> float matrix[index, d])

    /// The latent of the largest score, of equals the lowest, and the score.
    let private best (sae: Sae) r =
        let mutable latent = 0
        let mutable score = dot sae r 0

        for other in 1 .. sae.Latents - 1 do
            let value = dot sae r other

            if value > score then
                latent <- other
                score <- value

        struct (latent, score)

    /// What one sample's pursuit chooses, in order; r becomes the last residual.
    let private pursue (sae: Sae) (limits: PursuitLimits) (r: float[]) =
        let latents, values = ResizeArray<int>(), ResizeArray<float32>()
        let mutable finished = false

        while not finished do
            let struct (latent, score) = best sae r
            let value = float32 score

            if value > 0.0f then
                subtract sae r (float value) latent
                let square = r |> Array.sumBy (fun value -> value * value)
                let before = ReadOnlySpan(latents.ToArray())
                finished <- Pursuit.isLast limits before latent square
                latents.Add latent
                values.Add value
            else
                finished <- true

        latents, values

    /// Path and codes of x' (B, D), in double.
    let encode (sae: Sae) (limits: PursuitLimits) (centred: Matrix) (path: Codes) (codes: Codes) =
        Pursuit.check sae centred path codes

        let rows = Array.init centred.Rows (fun sample -> pursue sae limits (row centred sample))

        path.Reset(centred.Rows, rows |> Array.sumBy (fun (latents, _) -> latents.Count))
        path.RowStart[0] <- 0

        rows
        |> Array.iteri (fun sample (latents, values) ->
            let first = path.RowStart[sample]
            latents.CopyTo(path.Index, first)
            values.CopyTo(path.Value, first)
            path.RowStart[sample + 1] <- first + latents.Count)

        Pursuit.merge path codes

    /// Adds the gradients of one sample to double sums.
    let private sampleBackward
        (sae: Sae)
        (centred: float[])
        (latents: int[])
        (values: float[])
        (nu: float[])
        (decoder: float[,])
        =
        let r = Array.copy centred

        let before =
            Array.map2
                (fun latent value ->
                    let before = Array.copy r
                    subtract sae r value latent
                    before)
                latents
                values

        for t in latents.Length - 1 .. -1 .. 0 do
            let delta = dot sae nu latents[t]

            for d in 0 .. sae.Dim - 1 do
                decoder[latents[t], d] <-
                    decoder[latents[t], d] + delta * before[t][d] + values[t] * nu[d]

            subtract sae nu delta latents[t]

    /// Adds the gradients of x̂'s gradient (B, D) at a path, in double.
    let backward
        (sae: Sae)
        (centred: Matrix)
        (path: Codes)
        (outputGradient: Matrix)
        (decoderGradient: Matrix)
        (biasGradient: float32[])
        =
        Pursuit.checkBackward sae centred path outputGradient decoderGradient biasGradient
        let decoder = Array2D.zeroCreate sae.Latents sae.Dim
        let bias: float[] = Array.zeroCreate sae.Dim

        for sample in 0 .. path.Rows - 1 do
            let nu = row outputGradient sample
            let values = path.RowValue(sample).ToArray() |> Array.map float

            sampleBackward
                sae
                (row centred sample)
                (path.RowIndex(sample).ToArray())
                values
                nu
                decoder

            if sae.ApplyDecoderBiasToInput then
                nu |> Array.iteri (fun d value -> bias[d] <- bias[d] + value)

        decoder
        |> Array2D.iteri (fun latent d value ->
            decoderGradient[latent, d] <- float32 (float decoderGradient[latent, d] + value))

        bias
        |> Array.iteri (fun d value -> biasGradient[d] <- float32 (float biasGradient[d] + value))
