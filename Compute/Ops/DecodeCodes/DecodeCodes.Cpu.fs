namespace SynthSae.Compute.Ops

open System
open SynthSae.Compute

module DecodeCodesCpu =
    /// Samples per piece of work.
    [<Literal>]
    let private Grain = 16

    /// x = codes·rows + bias.
    let run threads (codes: Codes) (rows: Matrix) (bias: float32[]) (x: Matrix) =
        DecodeCodes.check codes rows bias x

        Threads.ranges threads codes.Rows Grain (fun _ first last ->
            for row in first .. last - 1 do
                bias.AsSpan().CopyTo(x.Row row)

                for entry in codes.RowStart[row] .. codes.RowStart[row + 1] - 1 do
                    if entry + 1 < codes.RowStart[row + 1] then
                        Simd.prefetch (rows.RowPtr codes.Index[entry + 1]) rows.Cols

                    Simd.addScaled
                        codes.Value[entry]
                        (rows.RowPtr codes.Index[entry])
                        (x.RowPtr row)
                        rows.Cols)
