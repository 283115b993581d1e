namespace SynthSae.Compute.Ops

open SynthSae.Compute

module GemmReference =
    /// C = op(A)·op(B) + bias, in double.
    let multiplyAdd transA (a: Matrix) transB (b: Matrix) (bias: float32[]) (c: Matrix) =
        let struct (m, n, k) = Gemm.check transA a transB b c
        Gemm.checkBias bias n

        for i in 0 .. m - 1 do
            for j in 0 .. n - 1 do
                let mutable sum = if bias.Length = 0 then 0.0 else float bias[j]

                for p in 0 .. k - 1 do
                    let left = if transA then a[p, i] else a[i, p]
                    let right = if transB then b[j, p] else b[p, j]
                    sum <- sum + float left * float right

                c[i, j] <- float32 sum

    /// C = op(A)·op(B).
    let multiply transA a transB b c = multiplyAdd transA a transB b [||] c
