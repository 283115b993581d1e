namespace SynthSae.Spec

/// Fields that TopK and BatchTopK share.
type TopKFamily =
    {
        /// Compare pre-activations scaled by ‖W_dec,j‖, so that selection ignores the decoder's scale.
        RescaleActsByDecoderNorm: bool
        /// Weight of the AuxK loss, which revives dead latents.
        AuxLossCoefficient: float
    }

/// An SAE architecture with its own settings.
[<RequireQualifiedAccess>]
type SaeArchitecture =
    /// The k largest pre-activations of each sample (Gao et al. 2024).
    | TopK of k: int * TopKFamily
    /// The k·B largest of the whole batch (Bussmann et al. 2024); k may be fractional.
    /// `thresholdLr` moves the running threshold that inference uses.
    | BatchTopK of k: float * thresholdLr: float * TopKFamily

/// A sparse autoencoder to be trained (reference: `TrainingSAEConfig`).
type SaeSpec =
    {
        /// D; `None` takes it from the synthetic model.
        DIn: int option
        /// L, the number of latents.
        DSae: int
        Architecture: SaeArchitecture
        /// Norm of the decoder's rows at the start; `None` leaves the Kaiming-uniform draw.
        DecoderInitNorm: float option
        /// Subtract b_dec from the input before encoding.
        ApplyBDecToInput: bool
    }

/// Defaults of the reference.
module SaeSpec =
    let topKFamily =
        { RescaleActsByDecoderNorm = true
          AuxLossCoefficient = 1.0 }

    /// BatchTopK with the reference's defaults for the given width and sparsity.
    let batchTopK dSae k : SaeSpec =
        { DIn = None
          DSae = dSae
          Architecture = SaeArchitecture.BatchTopK(k, 0.01, topKFamily)
          DecoderInitNorm = Some 0.1
          ApplyBDecToInput = true }

    /// TopK with the reference's defaults for the given width and sparsity.
    let topK dSae k : SaeSpec =
        { batchTopK dSae (float k) with
            Architecture = SaeArchitecture.TopK(k, topKFamily) }
