namespace SynthSae.Spec

open SynthSae.Spec.Coding

/// Settings of the Standard SAE: the penalty λ · mean over samples of ‖(f_j ‖W_dec,j‖)_j‖_p (REFERENCE §9.2).
type Standard =
    {
        /// λ.
        L1: Coefficient
        /// p; above 0.
        LpNorm: float
    }

module internal Standard =
    let rules (standard: Standard) =
        Coefficient.rules "l1" standard.L1 @ Rules.positive "lp_norm" standard.LpNorm

    let fields =
        Fields.fields<Standard> {
            let! l1 = Coefficient.fields "l1" |> Fields.from _.L1
            and! p = Fields.optional "lp_norm" Codec.number 1.0 |> Fields.from _.LpNorm
            return { L1 = l1; LpNorm = p }
        }
