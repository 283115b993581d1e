namespace SynthSae.Compute.Baselines

open System
open System.Runtime.Intrinsics
open FSharp.NativeInterop
open SynthSae.Compute

/// The atoms that pursuit chose for one sample, and the least-squares fit to them: the Cholesky factor of their
/// Gram matrix grows by a row with each atom.
[<Sealed>]
type private Fit() =
    let chosen = ResizeArray<int>()
    let factor = ResizeArray<float[]>()
    /// Solution of factor · z = (atom · target).
    let z = ResizeArray<float>()
    let mutable coefficients: float[] = [||]

    let dot (a: Matrix) row (b: Span<float32>) =
        let values = a.Row row
        let mutable sum = 0.0

        for d in 0 .. values.Length - 1 do
            sum <- sum + float values[d] * float b[d]

        sum

    /// factorᵀ · coefficients = z.
    let solve () =
        let count = chosen.Count
        let result = z.ToArray()

        for i in count - 1 .. -1 .. 0 do
            for k in i + 1 .. count - 1 do
                result[i] <- result[i] - factor[k][i] * result[k]

            result[i] <- result[i] / factor[i][i]

        result

    member _.Chosen = chosen

    /// Of the chosen atoms, in the order in which they were chosen.
    member _.Coefficients = coefficients

    /// Take in an atom; false if it lies in the span of those there.
    member _.Add(atoms: Matrix, atom: int, target: Span<float32>) : bool =
        let count = chosen.Count
        let row: float[] = Array.zeroCreate (count + 1)
        let mutable rest = Rows.squaredNormAt atoms atom
        let least = 1e-6 * rest
        let mutable right = dot atoms atom target

        for i in 0 .. count - 1 do
            let mutable sum = dot atoms chosen[i] (atoms.Row atom)

            for k in 0 .. i - 1 do
                sum <- sum - factor[i][k] * row[k]

            row[i] <- sum / factor[i][i]
            rest <- rest - row[i] * row[i]
            right <- right - row[i] * z[i]

        if rest <= least then
            false
        else
            row[count] <- Math.Sqrt rest
            chosen.Add atom
            factor.Add row
            z.Add(right / row[count])
            coefficients <- solve ()
            true

    /// residual ← target − Σ coefficient·atom.
    member _.Residual(atoms: Matrix, target: Span<float32>, residual: Span<float32>) =
        target.CopyTo residual

        for i in 0 .. chosen.Count - 1 do
            let atom = atoms.Row chosen[i]
            let coefficient = float32 coefficients[i]

            for d in 0 .. atom.Length - 1 do
                residual[d] <- residual[d] - coefficient * atom[d]

/// Orthogonal matching pursuit for activations that are sums of atoms with positive weights: choose the atom with
/// the largest correlation with the residual, fit all chosen ones by least squares, and again. A sample ends after
/// `steps`, when no correlation is above `leastCorrelation`, or when nothing is left.
module Pursuit =
    /// What counts as nothing: this share of ‖x − bias‖.
    [<Literal>]
    let private Nothing = 1e-4f

    /// Place of the largest value, the first among equals.
    let private largest (row: nativeptr<float32>) length =
        let mutable lanes = Vector512.Create(Single.NegativeInfinity)
        let mutable i = 0

        while i + Simd.Lanes <= length do
            lanes <- Vector512.Max(lanes, Vector512.Load(NativePtr.add row i))
            i <- i + Simd.Lanes

        let mutable most = Single.NegativeInfinity

        for lane in 0 .. Simd.Lanes - 1 do
            most <- max most lanes[lane]

        while i < length do
            most <- max most (NativePtr.get row i)
            i <- i + 1

        Span<float32>(NativePtr.toVoidPtr row, length).IndexOf most

    /// Codes over the atoms: coefficients above `leastCoefficient`, by ascending atom.
    let private emit (fits: Fit[]) (leastCoefficient: float) (codes: Codes) =
        let rows =
            fits
            |> Array.map (fun fit ->
                Seq.zip fit.Chosen fit.Coefficients
                |> Seq.filter (fun (_, coefficient) ->
                    coefficient > leastCoefficient && float32 coefficient > 0.0f)
                |> Seq.sortBy fst
                |> Seq.toArray)

        codes.Reset(rows.Length, Array.sumBy Array.length rows)
        let mutable next = 0

        rows
        |> Array.iteri (fun row entries ->
            codes.RowStart[row] <- next

            for atom, coefficient in entries do
                codes.Index[next] <- atom
                codes.Value[next] <- float32 coefficient
                next <- next + 1)

        codes.RowStart[rows.Length] <- next

    let private centred (x: Matrix) (bias: float32[]) =
        Matrix.init x.Rows x.Cols (fun row d -> x[row, d] - bias[d])

    /// Elements of a block of correlations: 64 MB.
    [<Literal>]
    let private BlockElements = 16_777_216

    /// Rows of a block are made a multiple of this, so that its memory serves many steps.
    [<Literal>]
    let private RowGrain = 64

    /// What a step of some samples needs: their residuals, and these times the atoms.
    [<Sealed>]
    type private Block(dim: int, atoms: int) =
        let mutable residual = Matrix(0, dim)
        let mutable correlation = Matrix(0, atoms)

        /// Make room; rows beyond `rows` hold what is left of an earlier step.
        member _.Reserve rows =
            let rounded = (rows + RowGrain - 1) / RowGrain * RowGrain

            if residual.Rows <> rounded then
                residual <- Matrix(rounded, dim)
                correlation <- Matrix(rounded, atoms)

        member _.Residual = residual
        member _.Correlation = correlation

    /// Codes over `atoms` (A, D) of x (B, D).
    let run
        backend
        (atoms: Matrix)
        (bias: float32[])
        (steps: int)
        (leastCorrelation: float)
        (leastCoefficient: float)
        (x: Matrix)
        (codes: Codes)
        =
        let target = centred x bias
        let residual = Matrix.copy target
        let fits = Array.init x.Rows (fun _ -> Fit())
        let block = Block(x.Cols, atoms.Rows)

        let least =
            Array.init x.Rows (fun row ->
                let norm = Math.Sqrt(Rows.squaredNormAt target row)
                max (float32 leastCorrelation) (Nothing * float32 norm))

        /// Whether the sample took in another atom.
        let takeBest row (correlation: nativeptr<float32>) =
            let atom = largest correlation atoms.Rows

            NativePtr.get correlation atom > least[row]
            && fits[row].Add(atoms, atom, target.Row row)
            && (fits[row].Residual(atoms, target.Row row, residual.Row row)
                true)

        /// One step of some samples: those that go on.
        let stepOf (samples: int[]) =
            block.Reserve samples.Length
            samples |> Array.iteri (fun i row -> (residual.Row row).CopyTo(block.Residual.Row i))
            Products.multiply backend false block.Residual true atoms block.Correlation
            let goesOn = Array.zeroCreate samples.Length

            Threads.ranges (Backend.threads backend) samples.Length 16 (fun _ first last ->
                for i in first .. last - 1 do
                    goesOn[i] <- takeBest samples[i] (block.Correlation.RowPtr i))

            samples |> Array.indexed |> Array.filter (fun (i, _) -> goesOn[i]) |> Array.map snd

        let size = max RowGrain (BlockElements / atoms.Rows)
        let mutable unfinished = [| 0 .. x.Rows - 1 |]
        let mutable step = 0

        while unfinished.Length > 0 && step < steps do
            unfinished <- unfinished |> Array.chunkBySize size |> Array.collect stepOf
            step <- step + 1

        emit fits leastCoefficient codes
