namespace SynthSae.Compute.Training

open SynthSae.Compute.Autodiff
open SynthSae.Spec

/// What the AuxK loss works on, none of which carries a gradient.
type DenseAuxiliary =
    {
        /// The min(⌊D/2⌋, dead) largest hidden_pre of each sample among dead latents (B, L).
        Selected: bool[,]
        /// What the squared error is multiplied with.
        Scale: float
        /// x − x̂ (B, D), which the dead latents shall reconstruct.
        Residual: Traced
    }

/// The loss that gives dead latents a gradient (REFERENCE §9.3, 9.5; Gao et al. 2024).
module DenseAuxK =
    /// Mean over the batch of ‖row − mean row‖².
    let private variance (a: float[,]) =
        let rows = float (DenseAlgebra.rows a)

        let mean =
            DenseAlgebra.sumTo 1 (DenseAlgebra.cols a) a |> Array2D.map (fun sum -> sum / rows)

        DenseAlgebra.sumOfSquares (DenseAlgebra.map2 (-) a mean) / rows

    let private scale (batch: DenseBatch) (auxK: AuxK) count (residual: Traced) =
        match auxK.Normalization with
        | AuxKNormalization.Raw ->
            auxK.Coefficient * min (float count / float (batch.X.Cols / 2)) 1.0
        | AuxKNormalization.Variance ->
            auxK.Coefficient
            * variance batch.X.Value
            * DenseAlgebra.reciprocal (variance residual.Value)

    /// The dead latents among those that are `allowed`, set on what `reconstruction` leaves; `None` when there are
    /// none. AbsTopK prefers large absolute values, as in its own selection.
    let private target
        batch
        (forward: DenseForward)
        auxK
        (allowed: int -> bool)
        (reconstruction: Traced)
        =
        let candidate j = batch.Settings.Dead[j] && allowed j

        let count = List.length (List.filter candidate [ 0 .. batch.Spec.DSae - 1 ])
        let most = batch.X.Cols / 2

        if count = 0 then
            None
        else
            let size =
                match batch.Architecture with
                | SaeArchitecture.AbsTopK _ -> abs
                | _ -> id

            let compared = Array2D.map size forward.Hidden_pre.Value
            let residual = batch.Stop(batch.X - reconstruction)

            Some
                { Selected = batch.Choose(Selections.ofRows (min most count) candidate compared)
                  Scale = scale batch auxK count residual
                  Residual = residual }

    /// What AuxK aims at: nothing without dead latents, else one target, or one for each level with dead latents.
    let targets (batch: DenseBatch) (forward: DenseForward) : DenseAuxiliary list =
        match batch.Architecture, batch.Architecture.AuxK with
        | _, None -> []
        | SaeArchitecture.Matryoshka(_, _, _, levels), Some auxK when levels.AuxLossPerLevel ->
            let level = DenseLevels.ofLatents batch forward levels

            [ 0 .. Array.max level ]
            |> List.choose (fun l ->
                DenseLevels.prefix batch forward level l
                |> target batch forward auxK (fun j -> level[j] = l))
        | _, Some auxK -> Option.toList (target batch forward auxK (fun _ -> true) forward.Sae_out)

    /// Σ over targets of scale · mean ‖ê − e‖²: e the residual, ê decoded from raw values (no relu) of dead
    /// latents.
    let loss (batch: DenseBatch) (forward: DenseForward) : Traced =
        let bias = batch.Architecture.AuxK |> Option.exists _.DecoderBias

        targets batch forward
        |> List.map (fun auxiliary ->
            let acts = Traced.where auxiliary.Selected forward.Hidden_pre / forward.Norms
            let product = acts.Dot batch["W_dec"]
            let reconstruction = if bias then product + batch["b_dec"] else product
            auxiliary.Scale * DenseLoss.squaredError (reconstruction - auxiliary.Residual))
        |> DenseLoss.sum
