namespace SynthSae.Compute.Ops

open System
open SynthSae.Compute

module OrthogonaliseReference =
    let private dot (a: float[]) (b: float[]) =
        let mutable sum = 0.0

        for k in 0 .. a.Length - 1 do
            sum <- sum + a[k] * b[k]

        sum

    let private normalise (row: float[]) =
        let norm = max (Math.Sqrt(dot row row)) Rows.SmallestNorm

        for k in 0 .. row.Length - 1 do
            row[k] <- row[k] / norm

    /// L of the given rows.
    let loss (rows: float[][]) =
        let n = float rows.Length
        let mutable pairs = 0.0
        let mutable lengths = 0.0

        for i in 0 .. rows.Length - 1 do
            for j in 0 .. rows.Length - 1 do
                let product = dot rows[i] rows[j]

                if i = j then
                    lengths <- lengths + (product - 1.0) * (product - 1.0)
                else
                    pairs <- pairs + product * product

        pairs + n * lengths

    /// ∂L/∂d_i of every row, pair by pair.
    let gradient (rows: float[][]) : float[][] =
        let n = float rows.Length

        rows
        |> Array.mapi (fun i row ->
            let result = Array.zeroCreate row.Length

            for j in 0 .. rows.Length - 1 do
                let product = dot row rows[j]
                let weight = if i = j then n * (product - 1.0) else product

                for k in 0 .. row.Length - 1 do
                    result[k] <- result[k] + 4.0 * weight * rows[j][k]

            result)

    /// `steps` steps on V in place, in double.
    let run (steps: int) (lr: float) (v: Matrix) =
        let rows = Array.init v.Rows (fun i -> v.Row(i).ToArray() |> Array.map float)

        let moments () =
            Array.init v.Rows (fun _ -> Array.zeroCreate<float> v.Cols)

        let mean, square = moments (), moments ()
        Array.iter normalise rows

        for t in 1..steps do
            let struct (rate, scale) = Orthogonalise.corrections lr t
            let gradient = gradient rows

            for i in 0 .. v.Rows - 1 do
                for k in 0 .. v.Cols - 1 do
                    let g = gradient[i][k]
                    let m = Orthogonalise.Beta1 * mean[i][k] + (1.0 - Orthogonalise.Beta1) * g
                    let s = Orthogonalise.Beta2 * square[i][k] + (1.0 - Orthogonalise.Beta2) * g * g
                    mean[i][k] <- m
                    square[i][k] <- s
                    let root = scale * Math.Sqrt s + Orthogonalise.Epsilon
                    rows[i][k] <- rows[i][k] - rate * m / root

        Array.iter normalise rows

        for i in 0 .. v.Rows - 1 do
            for k in 0 .. v.Cols - 1 do
                v[i, k] <- float32 (rows[i][k])
