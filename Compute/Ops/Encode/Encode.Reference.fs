namespace SynthSae.Compute.Ops

open SynthSae.Compute

module EncodeReference =
    /// pre = x'·W_enc + b_enc, in double.
    let run (sae: Sae) (x: Matrix) (pre: Matrix) =
        Encode.check sae x pre

        let centred =
            if sae.ApplyDecoderBiasToInput then
                Matrix.init x.Rows x.Cols (fun row col -> x[row, col] - sae.DecoderBias[col])
            else
                x

        GemmReference.multiplyAdd false centred true sae.Encoder sae.EncoderBias pre
