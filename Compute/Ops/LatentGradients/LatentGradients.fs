namespace SynthSae.Compute.Ops

open SynthSae.Compute

/// How the latents of a batch came from their inputs and where the gradient comes from, for back-propagation
/// through x̂ = codes·W_dec and codes = u·W_enc + b at the selected entries.
type LatentPath =
    {
        /// u (B, D): what the encoder read.
        Input: Matrix
        /// e (blocks·B, D): for each block of latents the gradient by its part of the output, up to the factor.
        Error: Matrix
        /// (L): the block of each latent; empty when all are in the first.
        Block: int[]
        /// c: dLoss/dx̂ = c·e.
        Factor: float32
        /// (L): how much of a latent's slope reaches its encoder row; empty for all of it.
        EncoderScale: float32[]
    }

    /// A path with one block.
    static member Of(input, error, factor) =
        { Input = input
          Error = error
          Block = [||]
          Factor = factor
          EncoderScale = [||] }

    /// The row of `Error` of a latent's first sample.
    member path.FirstRow(latent: int) =
        if path.Block.Length = 0 then 0 else path.Block[latent] * path.Input.Rows

/// Back-propagation through a batch's latents. For each latent j over its samples b with code a_bj, where e_bj is
/// row b of the block of j:
///
///   d_bj = c e_bj·W_dec,j             the gradient by the code
///   s_bj = gate_bj·d_bj + extra_bj    the slope, with which losses on codes and selections come in
///   dW_dec,j += c Σ_b a_bj e_bj       dW_enc,j += scale_j Σ_b s_bj u_b       db_j += Σ_b s_bj
///
/// and db_dec from what reaches it: rows of gradients by the output, and −Σ_j (Σ_b scale_j s_bj) W_enc,j if
/// x' = x − b_dec.
///
/// The decoder norm that selection compares with cancels between codes and decoder, and has no gradient.
/// Cost 6·nnz·D FLOP. Latents without entries add nothing. Tolerance 1e-5 of the row's norm.
module LatentGradients =
    /// Whether so many entries of a batch make dense products the cheaper way: three products at the machine's peak
    /// against three passes over D numbers for each entry, from about an eighth of all entries on.
    let isDense entries batch latents =
        8L * int64 entries > int64 batch * int64 latents

    /// Zeros for an SAE of L latents on R^D with an encoder and no more.
    let create latents dim : Parameters =
        { Encoder = Matrix(latents, dim)
          Decoder = Matrix(latents, dim)
          EncoderBias = Array.zeroCreate latents
          DecoderBias = Array.zeroCreate dim
          Threshold = [||]
          MagnitudeScale = [||]
          MagnitudeBias = [||] }
