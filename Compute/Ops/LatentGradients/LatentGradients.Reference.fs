namespace SynthSae.Compute.Ops

open SynthSae.Compute

module LatentGradientsReference =
    let private sum count (term: int -> float) = Seq.sumBy term (seq { 0 .. count - 1 })

    /// The value to be stored where `old` stands.
    let private stored adds (old: float32) (value: float) =
        float32 (if adds then float old + value else value)

    /// The gradients at the given lists: added to `encoder`, `decoder` (L, D) and `bias` (L) or, where not
    /// `adds`, written over them. The slopes of entries stay in the lists.
    let run
        (sae: Sae)
        (path: LatentPath)
        (lists: LatentLists)
        (adds: bool)
        (encoder: Matrix)
        (decoder: Matrix)
        (bias: float32[])
        =
        let factor = float path.Factor

        for latent in 0 .. sae.Latents - 1 do
            let entries = [| lists.Start[latent] .. lists.Start[latent + 1] - 1 |]

            let error entry d =
                float path.Error[path.FirstRow latent + lists.Sample[entry], d]

            let slope entry =
                let byCode =
                    factor * sum sae.Dim (fun d -> error entry d * float sae.Decoder[latent, d])

                lists.ByCode[entry] <- float32 byCode
                float (lists.Gate entry) * byCode + float (lists.Extra entry)

            let slopes = entries |> Array.map slope

            let scale =
                if path.EncoderScale.Length = 0 then 1.0 else float path.EncoderScale[latent]

            for i in 0 .. entries.Length - 1 do
                lists.Slope[entries[i]] <- float32 slopes[i]

            bias[latent] <- stored adds bias[latent] (Array.sum slopes)

            for d in 0 .. sae.Dim - 1 do
                let byDecoder =
                    entries |> Array.sumBy (fun entry -> float lists.Value[entry] * error entry d)

                let byEncoder =
                    (entries, slopes)
                    ||> Array.map2 (fun entry slope ->
                        slope * float path.Input[lists.Sample[entry], d])
                    |> Array.sum

                decoder[latent, d] <- stored adds decoder[latent, d] (factor * byDecoder)
                encoder[latent, d] <- stored adds encoder[latent, d] (scale * byEncoder)

    /// db_dec = Σ over `outputs` of factor·Σ of the first B rows, less what came through the encoder by
    /// `through` (L), the slopes of latents summed over the batch.
    let decoderBias
        (sae: Sae)
        batch
        (outputs: struct (Matrix * float) list)
        (through: float32[])
        (gradient: float32[])
        =
        for d in 0 .. sae.Dim - 1 do
            let byOutput =
                outputs
                |> List.sumBy (fun (struct (rows, factor)) ->
                    factor * sum batch (fun b -> float rows[b, d]))

            let byInput =
                if sae.ApplyDecoderBiasToInput then
                    sum sae.Encoder.Rows (fun j -> float through[j] * float sae.Encoder[j, d])
                else
                    0.0

            gradient[d] <- float32 (byOutput - byInput)
