namespace SynthSae.Compute.Ops

open System
open System.Runtime.Intrinsics
open FSharp.NativeInterop
open SynthSae.Compute

module OrthogonaliseCpu =
    /// Rows that a worker updates at a time.
    [<Literal>]
    let private Grain = 32

    /// One Adam step on a row: gradient = 4·product + own·d, where product = M d.
    let private updateRow
        (dim: int)
        (own: float32)
        (rate: float32)
        (scale: float32)
        (product: nativeptr<float32>)
        (d: nativeptr<float32>)
        (mean: nativeptr<float32>)
        (square: nativeptr<float32>)
        =
        let beta1 = float32 Orthogonalise.Beta1
        let beta2 = float32 Orthogonalise.Beta2
        let rest1 = float32 (1.0 - Orthogonalise.Beta1)
        let rest2 = float32 (1.0 - Orthogonalise.Beta2)
        let epsilon = float32 Orthogonalise.Epsilon
        let mutable k = 0

        while k <= dim - 16 do
            let x = Vector512.Load(NativePtr.add d k)
            let g = Vector512.Load(NativePtr.add product k) * 4.0f + x * own
            let m = Vector512.Load(NativePtr.add mean k) * beta1 + g * rest1
            let s = Vector512.Load(NativePtr.add square k) * beta2 + g * g * rest2
            let root = Vector512.Sqrt s * scale + Vector512.Create epsilon
            Vector512.Store(m, NativePtr.add mean k)
            Vector512.Store(s, NativePtr.add square k)
            Vector512.Store(x - m * rate / root, NativePtr.add d k)
            k <- k + 16

        while k < dim do
            let x = NativePtr.get d k
            let g = NativePtr.get product k * 4.0f + x * own
            let m = NativePtr.get mean k * beta1 + g * rest1
            let s = NativePtr.get square k * beta2 + g * g * rest2
            let root = MathF.Sqrt s * scale + epsilon
            NativePtr.set mean k m
            NativePtr.set square k s
            NativePtr.set d k (x - m * rate / root)
            k <- k + 1

    /// `steps` steps on V in place, by the closed form of the gradient.
    let run (threads: int) (steps: int) (lr: float) (v: Matrix) =
        let n = float v.Rows
        let gram = Matrix.zeros v.Cols v.Cols
        let product = Matrix.zeros v.Rows v.Cols
        let mean = Matrix.zeros v.Rows v.Cols
        let square = Matrix.zeros v.Rows v.Cols
        Rows.normalise threads v

        for t in 1..steps do
            let struct (rate, scale) = Orthogonalise.corrections lr t
            GemmCpu.multiply threads true v false v gram
            GemmCpu.multiply threads false v false gram product

            Threads.ranges threads v.Rows Grain (fun _ first last ->
                for row in first .. last - 1 do
                    let d = v.RowPtr row
                    let norm2 = Rows.squaredNormAt v row
                    let own = float32 (4.0 * n * (norm2 - 1.0) - 4.0 * norm2)
                    let rate, scale = float32 rate, float32 scale
                    let product = product.RowPtr row
                    updateRow v.Cols own rate scale product d (mean.RowPtr row) (square.RowPtr row))

        Rows.normalise threads v
