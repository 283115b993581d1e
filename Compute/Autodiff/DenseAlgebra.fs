namespace SynthSae.Compute.Autodiff

open SynthSae.Compute

/// Matrices in double, as plain loops. A vector is a matrix of one row.
module DenseAlgebra =
    let rows (a: float[,]) = Array2D.length1 a
    let cols (a: float[,]) = Array2D.length2 a

    /// One row.
    let ofVector (values: float[]) =
        Array2D.init 1 values.Length (fun _ j -> values[j])

    /// All elements, row by row.
    let elements (a: float[,]) : float[] = a |> Seq.cast<float> |> Seq.toArray

    let transpose (a: float[,]) =
        Array2D.init (cols a) (rows a) (fun i j -> a[j, i])

    /// A · B.
    let multiply (a: float[,]) (b: float[,]) =
        if cols a <> rows b then
            invalidArg (nameof b) $"has {rows b} rows for {cols a} columns"

        let product = Array2D.zeroCreate (rows a) (cols b)

        for i in 0 .. rows a - 1 do
            for p in 0 .. cols a - 1 do
                let factor = a[i, p]

                if factor <> 0.0 then
                    for j in 0 .. cols b - 1 do
                        product[i, j] <- product[i, j] + factor * b[p, j]

        product

    /// f(a_ij, b_ij), where one row or one column stands for as many as the other operand has.
    let map2 f (a: float[,]) (b: float[,]) =
        let length what a b =
            if a = b || b = 1 then a
            elif a = 1 then b
            else invalidArg (nameof b) $"has {b} {what} for {a}"

        let stride n = if n = 1 then 0 else 1
        let ai, aj = stride (rows a), stride (cols a)
        let bi, bj = stride (rows b), stride (cols b)

        Array2D.init
            (length "rows" (rows a) (rows b))
            (length "columns" (cols a) (cols b))
            (fun i j -> f a[i * ai, j * aj] b[i * bi, j * bj])

    /// The sum along each direction in which the result is to have one row or column.
    let sumTo rowCount colCount (a: float[,]) =
        let sums = Array2D.zeroCreate rowCount colCount
        let place count i = if count = 1 then 0 else i

        for i in 0 .. rows a - 1 do
            for j in 0 .. cols a - 1 do
                let i', j' = place rowCount i, place colCount j
                sums[i', j'] <- sums[i', j'] + a[i, j]

        sums

    let sumOfSquares (a: float[,]) =
        a |> Seq.cast<float> |> Seq.sumBy (fun value -> value * value)

    /// ‖row‖ of each row, as a column.
    let rowNorms (a: float[,]) =
        a |> Array2D.map (fun value -> value * value) |> sumTo (rows a) 1 |> Array2D.map sqrt

    let ofMatrix (a: Matrix) =
        Array2D.init a.Rows a.Cols (fun i j -> float a[i, j])

    let toMatrix (a: float[,]) =
        Matrix.init (rows a) (cols a) (fun i j -> float32 a[i, j])

    /// 1 / value, and 0 for 0: a decoder row of norm 0 neither decodes nor learns.
    let reciprocal value =
        if value = 0.0 then 0.0 else 1.0 / value
