namespace SynthSae.Compute.Training

open SynthSae.Compute.Autodiff
open SynthSae.Spec

/// A batch to be learnt from, and what the loss of it is differentiated by.
type DenseBatch =
    {
        Spec: SaeSpec
        /// By the reference's names.
        Parameters: Map<string, Traced>
        /// x (B, D).
        X: Traced
        /// Which latents are dead (L).
        Dead: bool[]
        /// A value that the loss takes as given, though it was computed from parameters. Finite
        /// differences replay what they saw here.
        Stop: Traced -> Traced
        /// A selection, which the loss takes as given too.
        Choose: bool[,] -> bool[,]
    }

    member batch.Item
        with get name = batch.Parameters[name]

/// What the forward pass of one batch computed. Names are the reference's.
type DenseForward =
    {
        /// ‖W_dec,j‖ (1, L), or ones without `rescale_acts_by_decoder_norm`.
        Norms: Traced
        /// ((x − b_dec) · W_enc + b_enc) ∘ norms (B, L): what is compared. x stays as it is where b_dec
        /// is not subtracted.
        Hidden_pre: Traced
        /// The entries that were selected (B, L), before the relu.
        Selected: bool[,]
        /// relu of the selected entries, 0 elsewhere (B, L).
        Feature_acts: Traced
        /// feature_acts / norms · W_dec + b_dec (B, D).
        Sae_out: Traced
    }

/// What AuxK (REFERENCE §9.3) works on, none of which carries a gradient.
type DenseAuxiliary =
    {
        /// The min(D/2, dead) largest hidden_pre of each sample among dead latents (B, L).
        Selected: bool[,]
        /// min(dead / (D/2), 1) · `aux_loss_coefficient`.
        Scale: float
        /// x − sae_out (B, D), which the dead latents shall reconstruct.
        Residual: Traced
    }

/// The meaning of a training step: forward pass and loss terms of the TopK family in double precision, written as
/// the formulas stand (REFERENCE §9.1, 9.3, 9.4); gradients follow from them. Faster implementations are compared
/// with it.
module Dense =
    /// The batch x (B, D) with parameters to differentiate by and dead latents `dead` (L).
    let trace spec (p: DenseParameters) (dead: bool[]) (x: float[,]) : DenseBatch =
        { Spec = spec
          Parameters = p |> Map.map (fun _ -> Traced.variable)
          X = Traced.constant x
          Dead = dead
          Stop = Traced.stop
          Choose = id }

    /// (acts / norms) · W_dec (B, D), without b_dec.
    let private decode (batch: DenseBatch) norms (acts: Traced) = (acts / norms).Dot batch["W_dec"]

    /// The entries of hidden_pre (B, L) that the architecture keeps.
    let private select (spec: SaeSpec) hiddenPre =
        match spec.Architecture with
        | SaeArchitecture.TopK(k, _) -> Selections.ofRows k (fun _ -> true) hiddenPre
        | SaeArchitecture.BatchTopK(k, _, _) ->
            Selections.ofBatch k (Array2D.map (max 0.0) hiddenPre)
        | _ -> raise (SynthSae.Compute.BadInput("sae.architecture", "cannot be trained yet"))

    /// The forward pass.
    let forward (batch: DenseBatch) : DenseForward =
        let spec = batch.Spec
        let input = if spec.ApplyBDecToInput then batch.X - batch["b_dec"] else batch.X

        let norms =
            if spec.Architecture.Rescales then
                Traced.rowNorms batch["W_dec"]
            else
                Traced.constant (Array2D.create 1 spec.DSae 1.0)

        let hiddenPre = (input.Dot batch["W_enc"] + batch["b_enc"]) * norms
        let selected = batch.Choose(select spec hiddenPre.Value)
        let acts = Traced.where selected (Traced.relu hiddenPre)

        { Norms = norms
          Hidden_pre = hiddenPre
          Selected = selected
          Feature_acts = acts
          Sae_out = decode batch norms acts + batch["b_dec"] }

    /// feature_acts / norms (B, L): what an implementation with sparse codes shows as such.
    let codes (forward: DenseForward) =
        (forward.Feature_acts / forward.Norms).Value

    /// Mean over the batch of the latents that are not 0.
    let l0 (forward: DenseForward) =
        let active =
            DenseAlgebra.elements forward.Feature_acts.Value |> Array.filter (fun f -> f <> 0.0)

        float active.Length / float forward.Feature_acts.Rows

    /// What AuxK aims at; `None` when no latent is dead.
    let auxiliary (batch: DenseBatch) (forward: DenseForward) : DenseAuxiliary option =
        let count = batch.Dead |> Array.filter id |> Array.length
        let most = batch.X.Cols / 2

        if count = 0 then
            None
        else
            let dead = Selections.ofRows (min most count) (Array.get batch.Dead)

            Some
                { Selected = batch.Choose(dead forward.Hidden_pre.Value)
                  Scale =
                    min (float count / float most) 1.0
                    * (batch.Spec.Architecture.AuxK
                       |> Option.map _.Coefficient
                       |> Option.defaultValue 0.0)
                  Residual = batch.Stop(batch.X - forward.Sae_out) }

    /// Σ error² over D, mean over the batch.
    let private squaredError error = Traced.batchMean (Traced.square error)

    /// Scale · mean ‖ê − e‖²: e the residual, ê decoded from raw values (no relu) of dead latents.
    let private auxiliaryLoss batch (forward: DenseForward) =
        match auxiliary batch forward with
        | None -> Traced.constant (Array2D.create 1 1 0.0)
        | Some auxiliary ->
            let acts = Traced.where auxiliary.Selected forward.Hidden_pre
            auxiliary.Scale * squaredError (decode batch forward.Norms acts - auxiliary.Residual)

    /// The terms of the loss, each (1, 1), by the names under which the reference logs them; their sum is what is
    /// minimised.
    let losses (batch: DenseBatch) (forward: DenseForward) : Map<string, Traced> =
        Map
            [ "mse_loss", squaredError (forward.Sae_out - batch.X)
              "auxiliary_reconstruction_loss", auxiliaryLoss batch forward ]

    /// The sum of terms.
    let total (losses: Map<string, Traced>) = losses.Values |> Seq.reduce (+)

    /// The gradient of a term, or of their sum, by the parameters.
    let gradient (batch: DenseBatch) (loss: Traced) : DenseParameters =
        let names, variables = List.unzip (Map.toList batch.Parameters)
        Map(List.zip names (Gradient.ofScalar loss variables))
