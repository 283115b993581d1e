namespace SynthSae.Compute.Ops

open SynthSae.Compute

/// C (M, N) = op(A) (M, K) · op(B) (K, N) + row bias (N), where op(X) is X or its transpose.
///
/// Cost 2·M·N·K FLOP. Tolerance against the reference: |Δ| ≤ 4·√K·ε·Σ|a·b|, ε = 2⁻²⁴. Each element
/// of C is summed in the order of k in blocks of `BlockK`, so its bits depend neither on threads nor on
/// the width of the SIMD unit, nor on the other rows and columns; A·Aᵀ is symmetric to the bit.
module Gemm =
    /// Products are summed in blocks of this many before the blocks are added.
    [<Literal>]
    let BlockK = 384

    /// (M, N, K) of the product; raises when the shapes do not fit.
    let check
        (transA: bool)
        (a: Matrix)
        (transB: bool)
        (b: Matrix)
        (c: Matrix)
        : struct (int * int * int) =
        let m, k = if transA then a.Cols, a.Rows else a.Rows, a.Cols
        let kB, n = if transB then b.Cols, b.Rows else b.Rows, b.Cols

        if k <> kB || c.Rows <> m || c.Cols <> n then
            invalidArg (nameof c) $"({m}, {k}) times ({kB}, {n}) does not make ({c.Rows}, {c.Cols})"

        struct (m, n, k)

    /// Raises unless the bias is (N), or empty for none.
    let checkBias (bias: float32[]) (n: int) =
        if bias.Length <> 0 && bias.Length <> n then
            invalidArg (nameof bias) $"a bias of {bias.Length} for {n} columns"
