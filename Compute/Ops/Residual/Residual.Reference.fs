namespace SynthSae.Compute.Ops

open SynthSae.Compute

module ResidualReference =
    /// x̂ ← x̂ − x; squares[b] = Σ_d e².
    let run (x: Matrix) (reconstruction: Matrix) (squares: float[]) =
        for row in 0 .. x.Rows - 1 do
            let mutable sum = 0.0

            for col in 0 .. x.Cols - 1 do
                let error = reconstruction[row, col] - x[row, col]
                reconstruction[row, col] <- error
                sum <- sum + float error * float error

            squares[row] <- sum
