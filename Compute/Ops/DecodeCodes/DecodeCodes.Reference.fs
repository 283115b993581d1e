namespace SynthSae.Compute.Ops

open SynthSae.Compute

module DecodeCodesReference =
    /// x = codes·rows + bias, in double.
    let run (codes: Codes) (rows: Matrix) (bias: float32[]) (x: Matrix) =
        DecodeCodes.check codes rows bias x

        for row in 0 .. codes.Rows - 1 do
            for col in 0 .. rows.Cols - 1 do
                let mutable sum = float bias[col]

                for entry in codes.RowStart[row] .. codes.RowStart[row + 1] - 1 do
                    sum <- sum + float codes.Value[entry] * float rows[codes.Index[entry], col]

                x[row, col] <- float32 sum
