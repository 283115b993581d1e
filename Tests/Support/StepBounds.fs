namespace SynthSae.Tests

open SynthSae.Compute.Autodiff
open SynthSae.Compute.Training

/// How far float32 arithmetic may lie from the dense step, quantity by quantity (see `RoundingErrors`).
type StepBounds =
    {
        /// For a code (B, L) where it is not 0.
        Codes: float[,]
        Feature_acts: float[,]
        /// For sae_out (B, D).
        Sae_out: float[,]
        /// By the terms' names.
        Losses: Map<string, float>
        /// Before clipping; 0 for latents without a part in the loss.
        Gradient: DenseParameters
        GradientNorm: float
    }

module StepBounds =
    /// Bounds for a step on this batch.
    let ofStep (batch: DenseBatch) =
        let forward = Dense.forward batch
        let losses = Dense.losses batch forward
        let total = Dense.total losses
        let valueError = RoundingErrors.ofValues total
        let names, variables = List.unzip (Map.toList batch.Parameters)
        let gradient = Map(List.zip names (RoundingErrors.ofGradient total variables))
        let codes = forward.Codes

        { Codes = RoundingErrors.ofValues codes codes
          Feature_acts = valueError forward.Feature_acts
          Sae_out = valueError forward.Sae_out
          Losses =
            losses |> Map.map (fun _ loss -> Seq.exactlyOne (Seq.cast<float>(valueError loss)))
          Gradient = gradient
          GradientNorm = DenseParameters.norm gradient }
