namespace SynthSae.Compute.Ops

open System
open SynthSae.Compute

/// AuxK on the dead latents alone: their pre-activations, decoder and encoder rows are gathered into small
/// dense matrices, where products are cheaper than sparse sums since most entries take part.
module AuxKCpu =
    [<Literal>]
    let private Grain = 32

    /// (B, n): pre-activations of the dead latents, and which of them are among the k largest of their sample;
    /// the others are 0.
    let private activations
        threads
        activation
        (pre: Matrix)
        (scale: float32[])
        (dead: int[])
        count
        =
        let result = Matrix(pre.Rows, dead.Length)
        let taken = Array.create (pre.Rows * dead.Length) true

        Threads.ranges threads pre.Rows Grain (fun _ first last ->
            let compared: float32[] = Array.zeroCreate dead.Length
            let ranked: float32[] = Array.zeroCreate dead.Length

            for row in first .. last - 1 do
                let values = result.Row row
                let source = pre.Row row

                for i in 0 .. dead.Length - 1 do
                    values[i] <- source[dead[i]]

                if count < dead.Length then
                    for i in 0 .. dead.Length - 1 do
                        compared[i] <-
                            Select.size activation (Select.compared scale pre row dead[i])

                    compared.AsSpan().CopyTo(ranked.AsSpan())

                    // In one dimension none takes part.
                    let limit =
                        if count = 0 then infinityf else Ranking.kthLargest (ranked.AsSpan()) count

                    let mutable ties = count

                    for value in compared do
                        if value > limit then
                            ties <- ties - 1

                    for i in 0 .. dead.Length - 1 do
                        let isTie = compared[i] = limit && ties > 0

                        if isTie then
                            ties <- ties - 1

                        if not (isTie || compared[i] > limit) then
                            taken[row * dead.Length + i] <- false
                            values[i] <- 0.0f)

        struct (result, taken)

    let private columnSums (matrix: Matrix) =
        let sums: float[] = Array.zeroCreate matrix.Cols

        for row in 0 .. matrix.Rows - 1 do
            let values = matrix.Row row

            for col in 0 .. matrix.Cols - 1 do
                sums[col] <- sums[col] + float values[col]

        sums

    /// Add multiples of rows to the rows of a larger matrix.
    let private scatterAdd factor (rows: int[]) (part: Matrix) (whole: Matrix) =
        for i in 0 .. rows.Length - 1 do
            Simd.addScaled factor (part.RowPtr i) (whole.RowPtr rows[i]) whole.Cols

    /// The loss with its weight; its gradients are added to `gradients` (encoder, decoder, encoder bias).
    /// `bias` is b_dec where it takes part, else empty; `input` what the encoder read; `error` holds x̂ − x from
    /// row `firstRow` on; `scale` is `Select.scale sae`, `dead` the dead latents in ascending order.
    let run
        threads
        (weight: float)
        (bias: float32[])
        (sae: Sae)
        (input: Matrix)
        (pre: Matrix)
        (scale: float32[])
        (error: Matrix)
        (firstRow: int)
        (dead: int[])
        (gradients: Parameters)
        : AuxKResult =
        let rows = pre.Rows

        let struct (acts, taken) =
            activations threads sae.Activation pre scale dead (AuxK.count sae.Dim dead.Length)

        let decoder = Rows.gather sae.Decoder dead

        // e_aux = acts·W_dec + (x̂ − x), since the target is x − x̂.
        let auxError = Matrix(rows, sae.Dim)
        GemmCpu.multiply threads false acts false decoder auxError
        let squares: float[] = Array.zeroCreate rows
        let biasRow = Matrix.ofArray (min 1 bias.Length) bias.Length bias

        Threads.ranges threads rows Grain (fun _ first last ->
            for row in first .. last - 1 do
                let target = auxError.RowPtr row
                Simd.addScaled 1.0f (error.RowPtr(firstRow + row)) target sae.Dim

                if bias.Length > 0 then
                    Simd.addScaled 1.0f biasRow.Ptr target sae.Dim

                squares[row] <- float (Simd.dot target target sae.Dim))

        let factor = float32 (weight * 2.0 / float rows)

        let decoderPart = Matrix(dead.Length, sae.Dim)
        GemmCpu.multiply threads true acts false auxError decoderPart
        scatterAdd factor dead decoderPart gradients.Decoder

        let slopes = Matrix(rows, dead.Length)
        GemmCpu.multiply threads false auxError true decoder slopes

        for row in 0 .. rows - 1 do
            let values = slopes.Row row

            for i in 0 .. dead.Length - 1 do
                if not taken[row * dead.Length + i] then
                    values[i] <- 0.0f

        let encoderPart = Matrix(dead.Length, sae.Dim)
        GemmCpu.multiply threads true slopes false input encoderPart
        scatterAdd factor dead encoderPart gradients.Encoder

        let sums = columnSums slopes

        for i in 0 .. dead.Length - 1 do
            gradients.EncoderBias[dead[i]] <-
                gradients.EncoderBias[dead[i]] + factor * float32 sums[i]

        { Loss = weight * Residual.meanSquare squares rows
          Error = auxError
          Factor = float factor
          Slopes = slopes }
