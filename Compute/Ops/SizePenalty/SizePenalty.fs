namespace SynthSae.Compute.Ops

open SynthSae.Compute

/// What is penalised of the sizes s_bj = a_bj ‖W_dec,j‖ of a batch's latents, all above 0.
[<RequireQualifiedAccess>]
type Penalty =
    /// λ · mean_b ‖s_b‖_p (reference: `l1_loss` with `lp_norm`).
    | Norm of lambda: float * p: float
    /// mean_b Σ_j λ_j s_bj.
    | Weighted of lambda: float[]
    /// λ · mean_b Σ_j tanh(scale·s_bj) (reference: the tanh mode of JumpReLU).
    | Tanh of lambda: float * scale: float

/// A penalty on sizes: the loss, its slope by each code (added to `extra`, one number for each entry) and by each
/// decoder norm (added to `byNorm` (L)). Entries whose code is 0 have a slope, too.
/// Cost about 10 FLOP per entry. Tolerance 1e-5 of the loss.
module SizePenalty =
    /// dLoss/ds of an entry of size s, up to 1/B; `total` is Σ_j s^p of its row where the penalty is a norm.
    let slope (penalty: Penalty) latent (size: float) (total: float) =
        match penalty with
        | Penalty.Norm(lambda, 1.0) -> lambda
        | Penalty.Norm(lambda, p) -> lambda * size ** (p - 1.0) * total ** (1.0 / p - 1.0)
        | Penalty.Weighted lambda -> lambda[latent]
        | Penalty.Tanh(lambda, scale) ->
            let t = tanh (scale * size)
            lambda * scale * (1.0 - t * t)

    /// The term of an entry, or of a whole row for a norm of p ≠ 1, up to 1/B.
    let term (penalty: Penalty) latent (size: float) =
        match penalty with
        | Penalty.Norm(lambda, 1.0) -> lambda * size
        | Penalty.Norm(_, p) -> size ** p
        | Penalty.Weighted lambda -> lambda[latent] * size
        | Penalty.Tanh(lambda, scale) -> lambda * tanh (scale * size)

    /// The loss of a row whose terms sum up to this, up to 1/B.
    let ofRow (penalty: Penalty) (total: float) =
        match penalty with
        | Penalty.Norm(lambda, p) when p <> 1.0 ->
            if total > 0.0 then lambda * total ** (1.0 / p) else 0.0
        | _ -> total
