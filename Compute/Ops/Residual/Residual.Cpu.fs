namespace SynthSae.Compute.Ops

open SynthSae.Compute

module ResidualCpu =
    /// x̂ ← x̂ − x; squares[b] = Σ_d e².
    let run threads (x: Matrix) (reconstruction: Matrix) (squares: float[]) =
        Threads.ranges threads x.Rows 32 (fun _ first last ->
            for row in first .. last - 1 do
                let error = reconstruction.RowPtr row
                Simd.subtract error (x.RowPtr row) error x.Cols
                squares[row] <- float (Simd.dot error error x.Cols))
