namespace SynthSae.Compute.Training

open SynthSae.Compute.Autodiff
open SynthSae.Spec

/// The losses of a Matryoshka SAE's levels (REFERENCE §9.5, FRONTIER §1.1).
module DenseLevels =
    /// How often each latent fired.
    let counts (acts: float[,]) : int[] =
        Array.init (DenseAlgebra.cols acts) (fun j ->
            acts[*, j] |> Array.filter (fun f -> f <> 0.0) |> Array.length)

    /// The level to which each latent belongs (L). Frequencies count this batch already.
    let ofLatents (batch: DenseBatch) (forward: DenseForward) (levels: MatryoshkaLevels) : int[] =
        let latents = batch.Spec.DSae

        let order =
            match levels.Order with
            | LevelOrder.Index -> [| 0 .. latents - 1 |]
            | LevelOrder.Frequency ->
                let before = batch.Settings.Frequencies
                let now = FiringFrequencies(Array.copy before.Shares, before.Batches)
                now.Update(counts forward.Feature_acts.Value, batch.X.Rows)
                now.Order()

        Levels.ofOrder (Levels.widths latents levels) order

    /// codes · W_dec (B, D) of the latents whose level `holds`.
    let private part (batch: DenseBatch) (forward: DenseForward) (level: int[]) holds =
        let inside = Array2D.init 1 level.Length (fun _ j -> holds level[j])
        (Traced.where inside forward.Codes).Dot batch["W_dec"]

    /// x̂ from the latents of levels 0 … l.
    let prefix (batch: DenseBatch) forward level l =
        batch.Unscaled(part batch forward level (fun other -> other <= l) + batch["b_dec"])

    /// The same with the levels before l cut off; level 0 keeps b_dec.
    let private detached (batch: DenseBatch) forward level l =
        let below =
            if l = 0 then
                batch["b_dec"]
            else
                batch.Stop(part batch forward level (fun other -> other < l) + batch["b_dec"])

        batch.Unscaled(part batch forward level ((=) l) + below)

    /// The weighted error of each inner level.
    let innerErrors (batch: DenseBatch) forward (levels: MatryoshkaLevels) =
        let latents = batch.Spec.DSae
        let level = ofLatents batch forward levels
        let reconstruct = if levels.Detached then detached else prefix
        let weights = Levels.weights latents levels

        [ for l, width in Array.indexed (Levels.widths latents levels) do
              if width < latents then
                  let error = reconstruct batch forward level l - batch.X
                  LossNames.innerMse width, weights[l] * DenseLoss.squaredError error ]

    /// λ_l · mean over samples of Σ over levels 0 … l of the size f_j ‖W_dec,j‖ / norm_j with which a latent enters x̂,
    /// for each level that has a coefficient.
    let penalties (batch: DenseBatch) (forward: DenseForward) (levels: MatryoshkaLevels) =
        let latents = batch.Spec.DSae
        let level = ofLatents batch forward levels
        let sizes = forward.Codes * batch.DecoderNorms

        let penalty l width coefficient =
            let inside = Array2D.init 1 latents (fun _ j -> level[j] <= l)
            let name = if width < latents then LossNames.innerL1 width else LossNames.L1
            name, coefficient * Traced.batchMean (Traced.where inside sizes)

        if levels.L1Coefficients.IsEmpty then
            []
        else
            List.mapi2 penalty (List.ofArray (Levels.widths latents levels)) levels.L1Coefficients
