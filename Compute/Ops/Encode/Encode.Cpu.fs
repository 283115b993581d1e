namespace SynthSae.Compute.Ops

open System
open SynthSae.Compute
open SynthSae.Spec

module EncodeCpu =
    [<Literal>]
    let private Grain = 64

    /// x' (B, D): `x` itself, or x − b_dec written to `centred`.
    let centre threads (sae: Sae) (x: Matrix) (centred: Matrix) : Matrix =
        if sae.ApplyDecoderBiasToInput then
            let bias = Matrix.ofArray 1 sae.Dim sae.DecoderBias

            Threads.ranges threads x.Rows Grain (fun _ first last ->
                for row in first .. last - 1 do
                    Simd.subtract (x.RowPtr row) bias.Ptr (centred.RowPtr row) x.Cols)

            centred
        else
            x

    /// pre from x' that is centred already.
    let runCentred threads (sae: Sae) (centred: Matrix) (pre: Matrix) =
        Encode.check sae centred pre
        GemmCpu.multiplyAdd threads false centred true sae.Encoder sae.EncoderBias pre

    /// pre = x'·W_enc + b_enc.
    let run threads (sae: Sae) (x: Matrix) (pre: Matrix) =
        runCentred threads sae (centre threads sae x (Matrix(x.Rows, x.Cols))) pre

/// The encoder's product at a precision, with copies of what is rounded, kept between batches.
[<Sealed>]
type EncodeAtCpu(threads: int) =
    let mutable input = Matrix(0, 0)
    let mutable weights = Matrix(0, 0)

    let rounded precision (source: Matrix) (copy: byref<Matrix>) =
        if copy.Rows <> source.Rows || copy.Cols <> source.Cols then
            copy <- Matrix(source.Rows, source.Cols)

        Rounding.matrix threads precision source copy

    /// pre from x' that is centred already.
    member _.Run(precision: Precision, sae: Sae, centred: Matrix, pre: Matrix) =
        if precision = Precision.Fp32 then
            EncodeCpu.runCentred threads sae centred pre
        else
            Encode.check sae centred pre
            rounded precision centred &input
            rounded precision sae.Encoder &weights
            GemmCpu.multiplyAdd threads false input true weights sae.EncoderBias pre
