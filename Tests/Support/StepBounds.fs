namespace SynthSae.Tests

open SynthSae.Compute.Training
open SynthSae.Spec

/// How far float32 arithmetic may lie from the dense step, quantity by quantity.
///
/// A sum in float32 errs by about ε = 2⁻²⁴ times the sum of its terms' absolute values (its
/// roundings are independent; the worst case, n·ε times that, needs them all to conspire). Sizes of
/// terms are found by running the step's formulas on absolute values, so that cancellation, in any
/// of the chained sums, is accounted for; four such sums follow each other: 4·ε.
type StepBounds =
    {
        /// For pre_j and for a code (B, L).
        Pre: float[,]
        /// For sae_out (B, D).
        Sae_out: float[,]
        Mse: float
        Auxiliary_reconstruction: float
        /// Before clipping; 0 for latents without a part in the loss.
        Gradient: DenseParameters
        GradientNorm: float
    }

module StepBounds =
    /// 4·ε.
    let rounding = 2.0 ** -22.0

    let private size (a: float[,]) = Array2D.map abs a
    let private plus a b = DenseAlgebra.map2 (+) a b
    let private times factor (a: float[,]) = Array2D.map ((*) factor) a

    /// Σ |terms| of each pre-activation (B, L).
    let preSize (p: DenseParameters) (x: float[,]) =
        let input = DenseAlgebra.mapRows (fun x b -> abs x + abs b) x p.b_dec
        let encoded = DenseAlgebra.multiply input (size p.W_enc)
        DenseAlgebra.mapRows (fun size bias -> size + abs bias) encoded p.b_enc

    let private where (marks: bool[,]) (a: float[,]) =
        a |> Array2D.mapi (fun b j value -> if marks[b, j] then value else 0.0)

    /// Sizes of the gradient through the decoder's norms (L, D), whose two parts cancel in exact
    /// arithmetic: 2·Σ_b |∂pre·pre| · |W_dec| / ‖W_dec,j‖². The reference carries them, others need
    /// not.
    let private throughNorms (p: DenseParameters) acts dPre =
        let parts = DenseAlgebra.columnSums (DenseAlgebra.map2 (*) dPre acts)
        let norms = DenseAlgebra.rowNorms p.W_dec

        p.W_dec
        |> Array2D.mapi (fun j _ w ->
            2.0 * parts[j] * DenseAlgebra.divide (abs w) (norms[j] * norms[j]))

    /// Sizes of the gradients through latents whose acts have these sizes, for sizes of the
    /// gradient by the product acts · W_dec (B, D).
    let private throughLatents (p: DenseParameters) x marks acts dProduct : DenseParameters =
        let decoder = DenseAlgebra.transpose (size p.W_dec)
        let dPre = where marks (DenseAlgebra.multiply dProduct decoder)
        let input = DenseAlgebra.mapRows (fun x b -> abs x + abs b) x p.b_dec
        let dDecoder = DenseAlgebra.multiply (DenseAlgebra.transpose acts) dProduct

        { W_enc = DenseAlgebra.multiply (DenseAlgebra.transpose input) dPre
          W_dec = plus dDecoder (throughNorms p acts dPre)
          b_enc = DenseAlgebra.columnSums dPre
          b_dec =
            DenseAlgebra.multiply dPre (DenseAlgebra.transpose (size p.W_enc))
            |> DenseAlgebra.columnSums }

    /// Error of weight · mean ‖error‖² when each element of `error` errs by `rounding` times its
    /// size.
    let private squaredBound weight (error: float[,]) (sizes: float[,]) =
        let rows = float (DenseAlgebra.rows error)

        let products =
            DenseAlgebra.map2 (fun e size -> (2.0 * abs e + rounding * size) * size) error sizes

        rounding * weight / rows * Seq.sum (Seq.cast<float> products)

    /// Bounds for a dense step from parameters p on x with these dead latents.
    let ofStep
        (spec: SaeSpec)
        (p: DenseParameters)
        (dead: bool[])
        (x: float[,])
        (forward: DenseForward)
        =
        let rows = float (DenseAlgebra.rows x)
        let pre = preSize p x
        let active = forward.Feature_acts |> Array2D.map (fun f -> f > 0.0)
        let acts = where active pre

        let decode acts =
            DenseAlgebra.multiply acts (size p.W_dec)

        let out = DenseAlgebra.mapRows (fun size bias -> size + abs bias) (decode acts) p.b_dec
        let residual = plus out (size x)
        let error = DenseAlgebra.map2 (-) forward.Sae_out x
        let dOut = times (2.0 / rows) residual
        let main = throughLatents p x active acts dOut

        let main =
            { main with
                b_dec = Array.map2 (+) main.b_dec (DenseAlgebra.columnSums dOut) }

        let auxiliaryBound, gradient =
            match Dense.auxiliary spec dead x forward with
            | None -> 0.0, main
            | Some auxiliary ->
                let acts = where auxiliary.Selected pre
                let sizes = plus (decode acts) residual
                let dProduct = times (2.0 * auxiliary.Scale / rows) sizes
                let gradient = throughLatents p x auxiliary.Selected acts dProduct
                let error = Dense.auxiliaryError p auxiliary forward
                squaredBound auxiliary.Scale error sizes, DenseParameters.add main gradient

        let gradient = gradient |> DenseParameters.map ((*) rounding)

        { Pre = times rounding pre
          Sae_out = times rounding out
          Mse = squaredBound 1.0 error residual
          Auxiliary_reconstruction = auxiliaryBound
          Gradient = gradient
          GradientNorm = DenseParameters.norm gradient }
