namespace SynthSae.Compute

/// When matching pursuit ends (REFERENCE §9.8).
type PursuitLimits =
    {
        /// At most so many iterations.
        MaxIterations: int
        /// A sample is finished when the norm of its residual is below this; 0 for never.
        ResidualThreshold: float
        /// A sample is finished when an iteration adds no new latent.
        StopOnDuplicateSupport: bool
    }

/// How pre-activations become latents.
[<RequireQualifiedAccess>]
type Activation =
    /// relu(pre).
    | Relu
    /// The k largest of each sample; compared after scaling by ‖W_dec,j‖ when `rescale`.
    | TopK of k: int * rescale: bool
    /// The k largest of each sample by absolute value, with their sign; compared as with TopK.
    | AbsTopK of k: int * rescale: bool
    /// The int(k·B) largest of the batch; compared after scaling by ‖W_dec,j‖ when `rescale`.
    | BatchTopK of k: float * rescale: bool
    /// relu(pre) where pre > θ_j.
    | JumpRelu of threshold: float32[]
    /// relu(exp(r_j)·(pre − b_enc) + b_mag,j) where pre > 0: b_enc is the gate's bias.
    | Gated of magnitudeScale: float32[] * magnitudeBias: float32[]
    /// One latent after another by its projection on what the others left of x'. There is no encoder.
    | Pursuit of PursuitLimits

    /// Whether selection compares pre·‖W_dec,j‖ instead of pre.
    member activation.Rescales =
        match activation with
        | TopK(_, rescale)
        | AbsTopK(_, rescale)
        | BatchTopK(_, rescale) -> rescale
        | Relu
        | JumpRelu _
        | Gated _
        | Pursuit _ -> false

    /// The same with k latents per sample where the activation has a number of them: rounded where it must be
    /// whole, unchanged where k is NaN.
    member activation.WithK(k: float) =
        let whole = int (System.Math.Round k)

        match activation with
        | _ when System.Double.IsNaN k -> activation
        | TopK(_, rescale) -> TopK(whole, rescale)
        | AbsTopK(_, rescale) -> AbsTopK(whole, rescale)
        | BatchTopK(_, rescale) -> BatchTopK(k, rescale)
        | Pursuit limits -> Pursuit { limits with MaxIterations = whole }
        | Relu
        | JumpRelu _
        | Gated _ -> activation

module Activation =
    /// A copy that shares no array.
    let copy activation =
        match activation with
        | Activation.JumpRelu threshold -> Activation.JumpRelu(Array.copy threshold)
        | Activation.Gated(scale, bias) -> Activation.Gated(Array.copy scale, Array.copy bias)
        | other -> other

/// One residual correction in the encoder (a step of LISTA): with r = x' − (latents of `First`) W_dec,
/// pre ← pre + η·r W_enc, and then the SAE's activation.
type Refinement =
    {
        /// η.
        Eta: float
        /// The selection before the correction.
        First: Activation
    }

/// What is done to each input, and undone on its reconstruction.
[<RequireQualifiedAccess>]
type InputScaling =
    | None
    /// To norm √D (reference: `constant_norm_rescale`).
    | ConstantNorm
    /// To mean 0 and unbiased standard deviation 1 (reference: `layer_norm`).
    | LayerNorm

/// Parameters of one sparse autoencoder with L latents on activations in R^D:
/// pre = (x − b_dec) W_enc + b_enc, f = activation(pre), x̂ = f W_dec + b_dec.
/// With `rescale`, f is pre·‖W_dec,j‖ and is divided by that norm again in the decoder.
type Sae =
    {
        /// W_encᵀ (L, D): a latent's encoder direction is a row, unlike in the reference's files. (0, D) for
        /// matching pursuit.
        Encoder: Matrix
        /// W_dec (L, D).
        Decoder: Matrix
        /// b_enc (L); the gate's bias of a gated SAE; empty for matching pursuit.
        EncoderBias: float32[]
        /// b_dec (D).
        DecoderBias: float32[]
        /// Subtract b_dec from the input before encoding.
        ApplyDecoderBiasToInput: bool
        Activation: Activation
        Refinement: Refinement option
        Scaling: InputScaling
    }

    /// L.
    member sae.Latents = sae.Decoder.Rows

    /// D.
    member sae.Dim = sae.Decoder.Cols

    /// Whether b_dec is added to what the decoder makes: as in the reference, matching pursuit adds it only where
    /// it subtracted it.
    member sae.AddsDecoderBias = not sae.Activation.IsPursuit || sae.ApplyDecoderBiasToInput

module Sae =
    /// An SAE that subtracts b_dec, and does nothing else to its input.
    let create encoder decoder encoderBias decoderBias activation : Sae =
        { Encoder = encoder
          Decoder = decoder
          EncoderBias = encoderBias
          DecoderBias = decoderBias
          ApplyDecoderBiasToInput = true
          Activation = activation
          Refinement = None
          Scaling = InputScaling.None }
