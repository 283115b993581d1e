namespace SynthSae.Compute

open System

/// `InputScaling` on batches: what is done to each sample, and undone on its reconstruction.
module InputScale =
    /// Added to the standard deviation that layer normalisation divides by (the reference's).
    [<Literal>]
    let Epsilon = 1e-5

    /// mean and unbiased standard deviation of a sample.
    let private moments (row: ReadOnlySpan<float32>) =
        let mutable sum = 0.0
        let mutable squares = 0.0

        for value in row do
            sum <- sum + float value

        let mean = sum / float row.Length

        for value in row do
            squares <- squares + (float value - mean) * (float value - mean)

        struct (mean, Math.Sqrt(squares / float (row.Length - 1)))

    /// (shift, factor in, factor out) of a sample: in (x − shift)·in, out x̂·out + shift.
    let private terms scaling (row: ReadOnlySpan<float32>) =
        match scaling with
        | InputScaling.None -> struct (0.0, 1.0, 1.0)
        | InputScaling.ConstantNorm ->
            let mutable squares = 0.0

            for value in row do
                squares <- squares + float value * float value

            let factor = Math.Sqrt(float row.Length / squares)
            struct (0.0, factor, 1.0 / factor)
        | InputScaling.LayerNorm ->
            let struct (mean, deviation) = moments row
            struct (mean, 1.0 / (deviation + Epsilon), deviation)

    /// Write the scaled batch (B, D), and each sample's shift and factor back (B).
    let apply scaling (x: Matrix) (scaled: Matrix) (shifts: float32[]) (factors: float32[]) =
        for row in 0 .. x.Rows - 1 do
            let struct (shift, inward, outward) = terms scaling (Span.op_Implicit (x.Row row))
            shifts[row] <- float32 shift
            factors[row] <- float32 outward

            for col in 0 .. x.Cols - 1 do
                scaled[row, col] <- float32 ((float x[row, col] - shift) * inward)

    /// What the SAE's output is compared with, in the units of scaled samples, so that errors times the factors are
    /// those of x. It is the scaled batch but for layer normalisation, which divides by a little more than it
    /// multiplies with.
    let target scaling (x: Matrix) (shifts: float32[]) (factors: float32[]) (scaled: Matrix) =
        match scaling with
        | InputScaling.None
        | InputScaling.ConstantNorm -> scaled
        | InputScaling.LayerNorm ->
            Matrix.init x.Rows x.Cols (fun row col -> (x[row, col] - shifts[row]) / factors[row])

    /// Undo it on reconstructions (B, D), in place.
    let undo (shifts: float32[]) (factors: float32[]) (reconstruction: Matrix) =
        for row in 0 .. reconstruction.Rows - 1 do
            for col in 0 .. reconstruction.Cols - 1 do
                reconstruction[row, col] <- reconstruction[row, col] * factors[row] + shifts[row]
