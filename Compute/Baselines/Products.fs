namespace SynthSae.Compute.Baselines

open SynthSae.Compute
open SynthSae.Compute.Ops

/// Dense products and decoding on a backend.
module internal Products =
    /// C = op(A)·op(B).
    let multiply backend transA a transB b c =
        match backend with
        | Backend.Reference -> GemmReference.multiplyAdd transA a transB b [||] c
        | Backend.Cpu threads -> GemmCpu.multiply threads transA a transB b c

    /// x = codes · rows + bias.
    let decode backend codes rows bias x =
        match backend with
        | Backend.Reference -> DecodeCodesReference.run codes rows bias x
        | Backend.Cpu threads -> DecodeCodesCpu.run threads codes rows bias x

    /// The first rows of a matrix, as a new one.
    let firstRows (matrix: Matrix) count =
        let first = Matrix(count, matrix.Cols)
        matrix.Span.Slice(0, first.Length).CopyTo first.Span
        first
