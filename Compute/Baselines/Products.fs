namespace SynthSae.Compute.Baselines

open SynthSae.Compute
open SynthSae.Compute.Ops

/// Dense products and decoding on a backend.
module internal Products =
    /// C = op(A)·op(B).
    let multiply backend transA a transB b c =
        match Backend.hostThreads backend with
        | None -> GemmReference.multiplyAdd transA a transB b [||] c
        | Some threads -> GemmCpu.multiply threads transA a transB b c

    /// x = codes · rows + bias.
    let decode backend codes rows bias x =
        match Backend.hostThreads backend with
        | None -> DecodeCodesReference.run codes rows bias x
        | Some threads -> DecodeCodesCpu.run threads codes rows bias x

    /// The first rows of a matrix, as a new one.
    let firstRows (matrix: Matrix) count =
        let first = Matrix(count, matrix.Cols)
        matrix.Span.Slice(0, first.Length).CopyTo first.Span
        first
