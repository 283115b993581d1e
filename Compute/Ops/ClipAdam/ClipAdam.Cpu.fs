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

    /// ‖g‖ over all parameters: the squares of each latent, added in order.
    let norm threads (g: Gradients) =
        let latents, dim = g.Decoder.Rows, g.Decoder.Cols
        let squares: float[] = Array.zeroCreate latents

        Threads.ranges threads latents Grain (fun _ first last ->
            for latent in first .. last - 1 do
                let encoder = g.Encoder.RowPtr latent
                let decoder = g.Decoder.RowPtr latent

                squares[latent] <-
                    float (Simd.dot encoder encoder dim) + float (Simd.dot decoder decoder dim))

        sqrt (Array.sum squares + squaresOf g.EncoderBias + squaresOf g.DecoderBias)

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
    let run threads (f: AdamStep) (g: Gradients) (state: AdamState) (sae: Sae) (norms: float32[]) =
        let dim = sae.Dim

        Threads.ranges threads sae.Latents Grain (fun _ first last ->
            for j in first .. last - 1 do
                updateRow
                    f
                    (g.Encoder.RowPtr j)
                    (state.Mean.Encoder.RowPtr j)
                    (state.Square.Encoder.RowPtr j)
                    (sae.Encoder.RowPtr j)
                    dim

                updateRow
                    f
                    (g.Decoder.RowPtr j)
                    (state.Mean.Decoder.RowPtr j)
                    (state.Square.Decoder.RowPtr j)
                    (sae.Decoder.RowPtr j)
                    dim

                norms[j] <- Simd.norm (sae.Decoder.RowPtr j) dim)

        updateBias f g.EncoderBias state.Mean.EncoderBias state.Square.EncoderBias sae.EncoderBias
        updateBias f g.DecoderBias state.Mean.DecoderBias state.Square.DecoderBias sae.DecoderBias
