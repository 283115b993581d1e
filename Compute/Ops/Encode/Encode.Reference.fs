namespace SynthSae.Compute.Ops

open SynthSae.Compute
open SynthSae.Spec

module EncodeReference =
    /// x' (B, D): `x` itself, or x − b_dec written to `centred`.
    let centre (sae: Sae) (x: Matrix) (centred: Matrix) : Matrix =
        if sae.ApplyDecoderBiasToInput then
            for row in 0 .. x.Rows - 1 do
                for col in 0 .. x.Cols - 1 do
                    centred[row, col] <- x[row, col] - sae.DecoderBias[col]

            centred
        else
            x

    /// pre from x' that is centred already, at a precision, with sums in double.
    let runAt (precision: Precision) (sae: Sae) (centred: Matrix) (pre: Matrix) =
        Encode.check sae centred pre

        let rounded (a: Matrix) =
            let number = Rounding.number precision
            Matrix.init a.Rows a.Cols (fun i j -> number a[i, j])

        GemmReference.multiplyAdd
            false
            (rounded centred)
            true
            (rounded sae.Encoder)
            sae.EncoderBias
            pre

    /// pre from x' that is centred already, in double.
    let runCentred (sae: Sae) (centred: Matrix) (pre: Matrix) =
        Encode.check sae centred pre
        GemmReference.multiplyAdd false centred true sae.Encoder sae.EncoderBias pre

    /// pre = x'·W_enc + b_enc, in double.
    let run (sae: Sae) (x: Matrix) (pre: Matrix) =
        runCentred sae (centre sae x (Matrix(x.Rows, x.Cols))) pre
