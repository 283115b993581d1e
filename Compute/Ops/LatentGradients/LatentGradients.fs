namespace SynthSae.Compute.Ops

open SynthSae.Compute

/// Gradients of a loss with respect to an SAE's parameters, in the layout of `Sae`.
type Gradients =
    {
        /// (L, D).
        Encoder: Matrix
        /// (L, D).
        Decoder: Matrix
        /// (L).
        EncoderBias: float32[]
        /// (D).
        DecoderBias: float32[]
    }

/// Back-propagation through x̂ = codes·W_dec + b_dec and codes = x'·W_enc + b_enc at the selected entries, given
/// the error e (B, D) and the factor c with dLoss/dx̂ = c·e. For each latent j over its samples b with code a_bj:
///
///   dW_dec,j = c Σ_b a_bj e_b        s_bj = c e_b·W_dec,j
///   dW_enc,j = Σ_b s_bj x'_b         db_enc,j = Σ_b s_bj
///   db_dec   = c Σ_b e_b − Σ_j db_enc,j W_enc,j     (the second term only if x' = x − b_dec)
///
/// `run` writes the first three and `decoderBias` the last, from a db_enc to which other losses (AuxK) may have
/// added meanwhile.
///
/// The decoder norm that selection compares with cancels between codes and decoder, and has no gradient.
/// Cost 6·nnz·D FLOP. Latents without entries get zero rows. Tolerance 1e-5 of the row's norm.
module LatentGradients =
    /// Buffers for an SAE of L latents on R^D.
    let create latents dim : Gradients =
        { Encoder = Matrix(latents, dim)
          Decoder = Matrix(latents, dim)
          EncoderBias = Array.zeroCreate latents
          DecoderBias = Array.zeroCreate dim }
