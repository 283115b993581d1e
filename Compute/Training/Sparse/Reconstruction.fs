namespace SynthSae.Compute.Training

open SynthSae.Compute
open SynthSae.Compute.Ops
open SynthSae.Spec

/// The errors of a batch's reconstruction, at each level where there are several, in the units of the loss.
[<Sealed>]
type Reconstruction(threads: int, spec: SaeSpec, sae: Sae) =
    let latents, dim = sae.Latents, sae.Dim
    let bias = if sae.AddsDecoderBias then sae.DecoderBias else Array.zeroCreate dim

    let plan = LevelPlan.ofArchitecture latents spec.Architecture
    let widths, weights = plan.Widths, plan.Weights
    let counts: int[] = Array.zeroCreate latents
    let mutable level = plan.Start
    let mutable errors = Matrix(0, dim)
    let mutable seen = errors
    let mutable squares: float[] = [||]
    let mutable target = errors
    let mutable factors: float32[] = [||]

    let reserve rows =
        if errors.Rows <> rows * widths.Length then
            errors <- Matrix(rows * widths.Length, dim)
            seen <- if widths.Length = 1 then errors else Matrix(rows * widths.Length, dim)
            squares <- Array.zeroCreate (rows * widths.Length)

    let order (frequencies: FiringFrequencies) (codes: Codes) =
        System.Array.Clear counts

        for entry in 0 .. codes.Count - 1 do
            counts[codes.Index[entry]] <- counts[codes.Index[entry]] + 1

        frequencies.Update(counts, codes.Rows)
        level <- Levels.ofOrder widths (frequencies.Order())

    // Errors are in the units of scaled samples: f² turns their squares into those of x, on every level.
    let weigh (errors: Matrix) (squares: float[]) =
        if factors.Length > 0 then
            for row in 0 .. squares.Length - 1 do
                let factor = factors[row % factors.Length]
                squares[row] <- float factor * float factor * squares[row]
                let error = errors.RowPtr row
                Simd.combine (factor * factor) error 0.0f error error dim

    let meanOf m rows =
        let mutable sum = 0.0

        for row in m * rows .. (m + 1) * rows - 1 do
            sum <- sum + squares[row]

        sum / float rows

    /// x̂ − x of all latents (B, D) lies here from row `OuterRow` on.
    member _.Errors = errors

    /// Where the error of each level begins.
    member _.FirstRow(level: int) = level * (errors.Rows / widths.Length)

    /// Where the error of all latents begins.
    member reconstruction.OuterRow = reconstruction.FirstRow(widths.Length - 1)

    /// Widths of the levels; L alone without any.
    member _.Widths = widths

    /// (L): level of each latent; empty when there is only one.
    member _.Level = level

    /// What the latents of each level see of the loss, up to 2/B, in blocks of B rows.
    member _.Seen = seen

    /// What is reconstructed (B, D).
    member _.Target = target

    /// Turn errors of the target (rows of samples in their order, once or more often), and their squared norms, into
    /// what the loss in units of x sees.
    member _.Weigh(errors: Matrix, squares: float[]) = weigh errors squares

    /// Errors of `codes` on `aim` (B, D), and their losses by name. `back` (B) are the factors from scaled samples
    /// back to x, or empty.
    member _.Run
        (codes: Codes, aim: Matrix, frequencies: FiringFrequencies, back: float32[])
        : (string * float) list =
        reserve aim.Rows
        target <- aim
        factors <- back

        if plan.ByFrequency then
            order frequencies codes

        if widths.Length = 1 then
            DecodeCodesCpu.run threads codes sae.Decoder bias errors
            ResidualCpu.run threads target errors squares
        else
            LevelErrorsCpu.run threads sae codes level target errors squares
            LevelErrorsCpu.gradients threads weights plan.Detached errors seen

        weigh seen squares

        let outer = widths.Length - 1

        [ LossNames.Mse, meanOf outer target.Rows
          for m in 0 .. outer - 1 do
              LossNames.innerMse widths[m], weights[m] * meanOf m target.Rows ]
