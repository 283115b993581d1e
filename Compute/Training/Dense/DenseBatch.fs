namespace SynthSae.Compute.Training

open SynthSae.Compute.Autodiff
open SynthSae.Compute.Ops
open SynthSae.Spec

/// A batch to be learnt from, and what its loss is differentiated by.
type DenseBatch =
    {
        Spec: SaeSpec
        /// With the k of this step.
        Architecture: SaeArchitecture
        Settings: StepSettings
        /// By the reference's names.
        Parameters: Map<string, Traced>
        /// x (B, D).
        X: Traced
        Scaling: DenseScaling option
        /// A value that the loss takes as given, though it was computed from parameters. Finite
        /// differences replay what they saw here.
        Stop: Traced -> Traced
        /// A selection, which the loss takes as given too.
        Choose: bool[,] -> bool[,]
    }

    /// A parameter by the reference's name.
    member batch.Item
        with get name = batch.Parameters[name]

    /// What is encoded (B, D): x, scaled, without b_dec where that is subtracted.
    member batch.Input =
        let scaled =
            match batch.Scaling with
            | Some scaling -> (batch.X - scaling.Shift) * scaling.Inward
            | None -> batch.X

        if batch.Spec.ApplyBDecToInput then scaled - batch["b_dec"] else scaled

    /// Inputs times W_enc, at the precision of the step.
    member batch.Encoded(input: Traced) =
        match batch.Settings.Precision with
        | Precision.Fp32 -> input.Dot batch["W_enc"]
        | precision ->
            let round (value: float) =
                float (Rounding.number precision (float32 value))

            input.DotRounded(round, batch["W_enc"])

    /// ‖W_dec,j‖ (1, L).
    member batch.DecoderNorms = Traced.rowNorms batch["W_dec"]

    /// What hidden_pre is scaled by (1, L): the decoder's norms, or ones.
    member batch.Norms =
        if batch.Architecture.Rescales then
            batch.DecoderNorms
        else
            Traced.constant (Array2D.create 1 batch.Spec.DSae 1.0)

    /// A reconstruction in the units of x.
    member batch.Unscaled(reconstruction: Traced) =
        match batch.Scaling with
        | Some scaling -> reconstruction * scaling.Outward + scaling.Shift
        | None -> reconstruction

/// What the forward pass of one batch computed. Names are the reference's.
type DenseForward =
    {
        /// What hidden_pre was scaled by (1, L), and what latents are divided by in the decoder.
        Norms: Traced
        /// What decides which latents fire (B, L): pre-activations times norms; the gate's pre-activations of a
        /// gated SAE; the latents themselves of matching pursuit.
        Hidden_pre: Traced
        /// The entries that were selected (B, L), before any relu.
        Selected: bool[,]
        /// f (B, L).
        Feature_acts: Traced
        /// f of the first selection, where there are two.
        First_acts: Traced option
        /// x̂ (B, D).
        Sae_out: Traced
    }

    /// feature_acts / norms (B, L): what multiplies W_dec.
    member forward.Codes = forward.Feature_acts / forward.Norms

module DenseLoss =
    /// Σ error² over D, mean over the batch.
    let squaredError (error: Traced) = Traced.batchMean (Traced.square error)

    /// No loss.
    let zero = Traced.constant (Array2D.create 1 1 0.0)

    let sum (losses: Traced seq) = Seq.fold (+) zero losses
