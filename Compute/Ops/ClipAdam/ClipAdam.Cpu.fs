namespace SynthSae.Compute.Ops

open System
open System.Runtime.Intrinsics
open FSharp.NativeInterop
open SynthSae.Compute

module ClipAdamCpu =
    [<Literal>]
    let private Grain = 64

    let private squaresOf (values: float32[]) =
        let mutable sum = 0.0

        for value in values do
            sum <- sum + float value * float value

        sum

    /// The squares of each row of a matrix.
    let private squaresOfRows threads (matrix: Matrix) =
        let squares: float[] = Array.zeroCreate matrix.Rows

        Threads.ranges threads matrix.Rows Grain (fun _ first last ->
            for row in first .. last - 1 do
                let values = matrix.RowPtr row
                squares[row] <- float (Simd.dot values values matrix.Cols))

        squares

    /// ‖g‖ over all parameters: the squares of rows, added in order.
    let norm threads (g: Parameters) =
        List.sumBy (snd >> squaresOfRows threads >> Array.sum) g.Matrices
        + List.sumBy (snd >> squaresOf) g.Vectors
        |> sqrt

    let private updateRow
        (f: AdamStep)
        (g: nativeptr<float32>)
        (m: nativeptr<float32>)
        (v: nativeptr<float32>)
        (p: nativeptr<float32>)
        length
        =
        let clip = Vector512.Create f.Clip
        let oneMinusBeta1 = Vector512.Create f.OneMinusBeta1
        let beta2 = Vector512.Create f.Beta2
        let oneMinusBeta2 = Vector512.Create f.OneMinusBeta2
        let rate = Vector512.Create f.Rate
        let rootCorrection = Vector512.Create f.RootCorrection
        let epsilon = Vector512.Create f.Epsilon
        let mutable i = 0

        while i + Simd.Lanes <= length do
            let gradient = clip * Vector512.Load(NativePtr.add g i)
            let mean = Vector512.Load(NativePtr.add m i)
            let mean = Vector512.FusedMultiplyAdd(oneMinusBeta1, gradient - mean, mean)
            let square = Vector512.Load(NativePtr.add v i)

            let square =
                Vector512.FusedMultiplyAdd(beta2, square, oneMinusBeta2 * (gradient * gradient))

            let parameter = Vector512.Load(NativePtr.add p i)

            let parameter =
                parameter - rate * mean / (Vector512.Sqrt square / rootCorrection + epsilon)

            Vector512.Store(mean, NativePtr.add m i)
            Vector512.Store(square, NativePtr.add v i)
            Vector512.Store(parameter, NativePtr.add p i)
            i <- i + Simd.Lanes

        while i < length do
            let mutable mean = NativePtr.get m i
            let mutable square = NativePtr.get v i
            let mutable parameter = NativePtr.get p i
            ClipAdam.update f (NativePtr.get g i) &mean &square &parameter
            NativePtr.set m i mean
            NativePtr.set v i square
            NativePtr.set p i parameter
            i <- i + 1

    let private updateBias
        (f: AdamStep)
        (g: float32[])
        (m: float32[])
        (v: float32[])
        (p: float32[])
        =
        for i in 0 .. p.Length - 1 do
            ClipAdam.update f g[i] &m[i] &v[i] &p[i]

    /// Update moments and parameters in place; `norms` (L) receives ‖W_dec,j‖ of the new decoder.
    let run
        threads
        (f: AdamStep)
        (g: Parameters)
        (state: AdamState)
        (parameters: Parameters)
        (norms: float32[])
        =
        let update (part: Parameters -> Matrix) (after: int -> unit) =
            let target, gradient = part parameters, part g
            let mean, square = part state.Mean, part state.Square

            Threads.ranges threads target.Rows Grain (fun _ first last ->
                for j in first .. last - 1 do
                    updateRow
                        f
                        (gradient.RowPtr j)
                        (mean.RowPtr j)
                        (square.RowPtr j)
                        (target.RowPtr j)
                        target.Cols

                    after j)

        update _.Encoder ignore

        update _.Decoder (fun j ->
            norms[j] <- Simd.norm (parameters.Decoder.RowPtr j) parameters.Decoder.Cols)

        for part in Parameters.vectors do
            updateBias f (part g) (part state.Mean) (part state.Square) (part parameters)
