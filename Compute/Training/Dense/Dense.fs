namespace SynthSae.Compute.Training

open SynthSae.Compute.Autodiff
open SynthSae.Spec

/// The meaning of a training step: forward pass and loss terms of every architecture in double precision, written as
/// the formulas stand (REFERENCE §9, FRONTIER §1); gradients follow from them. Faster implementations are compared
/// with it.
module Dense =
    /// The batch x (B, D) with parameters to differentiate by.
    let trace (spec: SaeSpec) (settings: StepSettings) (p: DenseParameters) (x: float[,]) =
        let architecture = SaeSpec.architecture spec

        { Spec = spec
          Architecture =
            if System.Double.IsNaN settings.K then architecture else architecture.WithK settings.K
          Settings = settings
          Parameters = p |> Map.map (fun _ -> Traced.variable)
          X = Traced.constant x
          Scaling = DenseScaling.ofBatch spec.Normalization x
          Stop = Traced.stop
          Choose = id }

    /// The forward pass.
    let forward (batch: DenseBatch) : DenseForward = Encoders.forward batch

    /// Mean over the batch of the latents that are not 0.
    let l0 (forward: DenseForward) =
        let active =
            DenseAlgebra.elements forward.Feature_acts.Value |> Array.filter (fun f -> f <> 0.0)

        float active.Length / float forward.Feature_acts.Rows

    /// The terms of the loss, each (1, 1), by the names under which the reference logs them; their sum is what is
    /// minimised.
    let losses (batch: DenseBatch) (forward: DenseForward) : Map<string, Traced> =
        Map
            [ LossNames.Mse, DenseLoss.squaredError (forward.Sae_out - batch.X)
              yield! Sparsity.losses batch forward
              if batch.Architecture.AuxK.IsSome then
                  LossNames.Auxiliary, DenseAuxK.loss batch forward ]

    /// The sum of terms.
    let total (losses: Map<string, Traced>) = DenseLoss.sum losses.Values

    /// The gradient of a term, or of their sum, by the parameters.
    let gradient (batch: DenseBatch) (loss: Traced) : DenseParameters =
        let names, variables = List.unzip (Map.toList batch.Parameters)
        Map(List.zip names (Gradient.ofScalar loss variables))
