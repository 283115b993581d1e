namespace SynthSae.Compute

/// How pre-activations become latents.
[<RequireQualifiedAccess>]
type Activation =
    /// relu(pre).
    | Relu
    /// The k largest of each sample; compared after scaling by ‖W_dec,j‖ when `rescale`.
    | TopK of k: int * rescale: bool
    /// The int(k·B) largest of the batch; compared after scaling by ‖W_dec,j‖ when `rescale`.
    | BatchTopK of k: float * rescale: bool
    /// relu(pre) where pre > θ_j.
    | JumpRelu of threshold: float32[]

    /// Whether selection compares pre·‖W_dec,j‖ instead of pre.
    member activation.Rescales =
        match activation with
        | TopK(_, rescale)
        | BatchTopK(_, rescale) -> rescale
        | Relu
        | JumpRelu _ -> false

/// Parameters of one sparse autoencoder with L latents on activations in R^D:
/// pre = (x − b_dec) W_enc + b_enc, f = activation(pre), x̂ = f W_dec + b_dec.
/// With `rescale`, f is pre·‖W_dec,j‖ and is divided by that norm again in the decoder.
type Sae =
    {
        /// W_encᵀ (L, D): a latent's encoder direction is a row, unlike in the reference's files.
        Encoder: Matrix
        /// W_dec (L, D).
        Decoder: Matrix
        /// b_enc (L).
        EncoderBias: float32[]
        /// b_dec (D).
        DecoderBias: float32[]
        /// Subtract b_dec from the input before encoding.
        ApplyDecoderBiasToInput: bool
        Activation: Activation
    }

    /// L.
    member sae.Latents = sae.Decoder.Rows

    /// D.
    member sae.Dim = sae.Decoder.Cols
