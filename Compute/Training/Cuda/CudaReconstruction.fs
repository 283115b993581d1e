namespace SynthSae.Compute.Training

open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops
open SynthSae.Spec

/// The errors of a batch's reconstruction on a GPU, at each level where there are several (see `Reconstruction`).
/// `back` (B) are the factors from scaled samples back to x, or empty; `frequencies` (L) how often latents fire.
[<Sealed>]
type CudaReconstruction(part: CudaPart, back: DeviceArray<float32>, frequencies: DeviceArray<float>)
    =
    let gpu, batch, dim, latents = part.Gpu, part.Batch, part.Dim, part.Latents
    let plan = LevelPlan.ofArchitecture latents part.Plan.Sae.Architecture
    let bias = if part.Sae.AddsDecoderBias then part.Parameters.DecoderBias else part.None
    let errors = DeviceMatrix(gpu, batch * plan.Count, dim)

    let seen = if plan.Count = 1 then errors else DeviceMatrix(gpu, batch * plan.Count, dim)

    let squares = new DeviceArray<float>(gpu, batch * plan.Count)
    let level = DeviceArray.ofArray gpu plan.Start
    let widths = DeviceArray.ofArray gpu plan.Widths
    let weights = DeviceArray.ofArray gpu plan.Weights
    let seenWeights = DeviceArray.ofArray gpu (Array.map float32 plan.Weights)
    let batches = DeviceArray.zeros<int64> gpu 1
    let mutable target = errors

    // Terms of the levels from the inner ones on, beside each other.
    let terms =
        plan.Widths
        |> Array.mapi (fun m width ->
            part.Terms.Add(if m = plan.Count - 1 then LossNames.Mse else LossNames.innerMse width))

    /// Levels as the latents fire, this batch included.
    let order (fires: DeviceArray<int>) =
        let grid = (latents + 255) / 256

        gpu.Launch(
            "frequencies_update",
            grid,
            256,
            [ fires.Arg; Arg.Of latents; Arg.Of batch; batches.Arg; frequencies.Arg ]
        )

        gpu.Launch(
            "levels_by_frequency",
            grid,
            256,
            [ frequencies.Arg
              Arg.Of latents
              widths.Arg
              Arg.Of plan.Count
              level.Arg
              batches.Arg ]
        )

    /// The levels.
    member _.Plan = plan

    /// x̂ − x of all latents (B, D) lies here from row `OuterRow` on.
    member _.Errors = errors

    /// Where the error of all latents begins.
    member _.OuterRow = (plan.Count - 1) * batch

    /// What the latents of each level see of the loss, up to 2/B, in blocks of B rows.
    member _.Seen = seen

    /// (L): level of each latent; empty when there is only one.
    member _.Level = level

    /// Batches that the frequencies come of.
    member _.Batches = batches

    /// What is reconstructed (B, D).
    member _.Target = target

    /// Factors from scaled samples back to x (B), or empty.
    member _.Back = back

    /// Errors of `codes` on `aim` (B, D), and their losses; `fires` (L) is how often each latent fired in the batch.
    member _.Run(codes: DeviceCodes, aim: DeviceMatrix, fires: DeviceArray<int>) =
        target <- aim

        if plan.ByFrequency then
            order fires

        if plan.Count = 1 then
            DecodeCodesCuda.errors gpu codes part.Parameters.Decoder bias target errors squares
        else
            LevelErrorsCuda.run gpu part.Parameters.Decoder bias codes level target errors squares

            LevelErrorsCuda.gradients gpu seenWeights plan.Detached errors seen

        if not back.IsEmpty then
            InputScaleCuda.weigh gpu batch back seen squares

        gpu.Launch(
            "step_mean_squares",
            plan.Count,
            256,
            [ squares.Arg; Arg.Of batch; weights.Arg; terms[0].Arg ]
        )
