namespace SynthSae.Compute.Ops

open SynthSae.Compute

module DecodeCodesReference =
    /// x = codes · rows + bias, in double.
    let run (codes: Codes) (rows: Matrix) (bias: float32[]) (x: Matrix) =
        DecodeCodes.check codes rows bias x

        for sample in 0 .. codes.Rows - 1 do
            for d in 0 .. rows.Cols - 1 do
                let mutable sum = float bias[d]

                for entry in codes.RowStart[sample] .. codes.RowStart[sample + 1] - 1 do
                    sum <- sum + float codes.Value[entry] * float rows[codes.Index[entry], d]

                x[sample, d] <- float32 sum
