namespace SynthSae.Compute.Ops

open SynthSae.Compute

module LevelErrorsCpu =
    [<Literal>]
    let private Grain = 16

    /// e_m and its squared norms; `level` (L) is the level of each latent.
    let run
        threads
        (sae: Sae)
        (codes: Codes)
        (level: int[])
        (x: Matrix)
        (errors: Matrix)
        (squares: float[])
        =
        LevelErrors.check codes level x errors
        let levels = LevelErrors.count errors x
        let dim = x.Cols
        let bias = Matrix.ofArray 1 dim sae.DecoderBias

        Threads.ranges threads x.Rows Grain (fun _ first last ->
            for row in first .. last - 1 do
                for m in 0 .. levels - 1 do
                    let error = errors.RowPtr(m * x.Rows + row)

                    if m = 0 then
                        Simd.subtract bias.Ptr (x.RowPtr row) error dim
                    else
                        errors.Row((m - 1) * x.Rows + row).CopyTo(errors.Row(m * x.Rows + row))

                    for entry in codes.RowStart[row] .. codes.RowStart[row + 1] - 1 do
                        let j = codes.Index[entry]

                        if level[j] = m then
                            Simd.addScaled codes.Value[entry] (sae.Decoder.RowPtr j) error dim

                    squares[m * x.Rows + row] <- float (Simd.dot error error dim))

    /// What the latents of each level see, from the errors.
    let gradients threads (weights: float[]) (detached: bool) (errors: Matrix) (seen: Matrix) =
        let levels = weights.Length
        let batch = errors.Rows / levels
        let dim = errors.Cols
        let outer = (levels - 1) * batch

        Threads.ranges threads batch Grain (fun _ first last ->
            for row in first .. last - 1 do
                let whole = errors.RowPtr(outer + row)
                let weight = float32 weights[levels - 1]
                Simd.combine weight whole 0.0f whole (seen.RowPtr(outer + row)) dim

                for m in levels - 2 .. -1 .. 0 do
                    let basis = if detached then outer else (m + 1) * batch

                    Simd.combine
                        1.0f
                        (seen.RowPtr(basis + row))
                        (float32 weights[m])
                        (errors.RowPtr(m * batch + row))
                        (seen.RowPtr(m * batch + row))
                        dim)
