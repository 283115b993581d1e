namespace SynthSae.Compute.Baselines

open System
open System.Runtime.Intrinsics
open FSharp.NativeInterop
open SynthSae.Compute

/// How probes are trained.
type ProbeSettings =
    {
        /// Samples of the stream; each is used once.
        Samples: int
        /// Samples per step.
        BatchSize: int
        /// Of Adam, at first, in units of 10/√D: the size of weights in white coordinates that tell classes apart by
        /// ten standard deviations. It falls to 0 along a half cosine.
        LearningRate: float
        /// Weight of ½‖u‖² in each probe's loss, u in white coordinates.
        Penalty: float
    }

/// Logistic regressions, one for each of the first L features, all at once: two dense products for each batch. They
/// are trained in coordinates in which x is white, so that one step size suits all directions, from the weights
/// that would be right if x were normal given the feature (Fisher's discriminant).
module ProbeSettings =
    /// Settings that served on SynthSAEBench-16k.
    let standard samples : ProbeSettings =
        { Samples = samples
          BatchSize = 1024
          LearningRate = 0.02
          Penalty = 1e-7 }

module Probes =
    /// Where even odds lie in the pre-activations of the SAE that probes make: log-odds are counted from −20, as
    /// latents are positive.
    [<Literal>]
    let EvenOdds = 20.0f

    /// Adam's constants.
    let private beta1, beta2, epsilon = 0.9f, 0.999f, 1e-8f

    /// No probe begins surer than for classes that are ten standard deviations apart.
    [<Literal>]
    let private MostSeparation = 100.0

    /// Log-odds of a share among `samples`, finite also for 0 and 1.
    let private logOdds (share: float) (samples: float) =
        let least = 0.5 / samples
        let share = Math.Clamp(share, least, 1.0 - least)
        Math.Log(share / (1.0 - share))

    /// Weights (L, D) in white coordinates, and offsets (1, L), of the discriminants as log-odds: with
    /// q = δᵀΣ⁻¹δ the classes are Δ² = q/(1 − p(1−p)q) apart in their common covariance.
    let private start backend (means: ClassMeans) whitening samples =
        let weights = Whitening.apply backend whitening means.Difference
        let offsets = Matrix(1, weights.Rows)
        let separation = Detectors.separations weights

        for i in 0 .. weights.Rows - 1 do
            let rate, q = means.Rate[i], separation[i]
            let within = max 1e-3 (1.0 - rate * (1.0 - rate) * q)
            let apart = min MostSeparation (q / within)
            Rows.scale (weights.Row i) (if q > 0.0 then apart / q else 0.0)
            offsets[0, i] <- float32 (apart * (rate - 0.5) + logOdds rate samples)

        weights, offsets

    /// y (B, D) = C⁻¹(x − μ).
    let private whiten backend (whitening: Whitening) (x: Matrix) =
        let centred = Matrix(x.Rows, x.Cols)
        let mean = Matrix.ofArray 1 x.Cols whitening.Mean

        Threads.ranges (Backend.threads backend) x.Rows 64 (fun _ first last ->
            for row in first .. last - 1 do
                Simd.subtract (x.RowPtr row) mean.Ptr (centred.RowPtr row) x.Cols)

        Whitening.apply backend whitening centred

    /// z ← σ(z + offset) − active, for one row.
    let private toErrors
        (z: nativeptr<float32>)
        (offset: nativeptr<float32>)
        length
        (active: ReadOnlySpan<int>)
        =
        let mutable j = 0

        while j + Simd.Lanes <= length do
            let logit = Vector512.Load(NativePtr.add z j) + Vector512.Load(NativePtr.add offset j)
            let odds = Vector512.Exp(-logit)

            Vector512.Store(
                Vector512<float32>.One / (Vector512<float32>.One + odds),
                NativePtr.add z j
            )

            j <- j + Simd.Lanes

        while j < length do
            let logit = NativePtr.get z j + NativePtr.get offset j
            NativePtr.set z j (1.0f / (1.0f + MathF.Exp -logit))
            j <- j + 1

        for feature in active do
            if feature < length then
                NativePtr.set z feature (NativePtr.get z feature - 1.0f)

    /// Parameters with Adam's moments.
    [<Sealed>]
    type private Parameters(values: Matrix) =
        let first = Matrix(values.Rows, values.Cols)
        let second = Matrix(values.Rows, values.Cols)

        member _.Values = values

        /// One step of Adam along `scale`·gradient + `penalty`·values.
        member _.Step
            (threads, gradient: Matrix, scale: float32, penalty: float32, rate: float, step)
            =
            let correction = 1.0 - Math.Pow(float beta1, float step)
            let spread = Math.Sqrt(1.0 - Math.Pow(float beta2, float step))
            let rate = float32 (rate * spread / correction)

            Threads.ranges threads values.Rows 64 (fun _ firstRow lastRow ->
                for row in firstRow .. lastRow - 1 do
                    let v = values.Row row
                    let g = gradient.Row row
                    let m = first.Row row
                    let s = second.Row row

                    for d in 0 .. v.Length - 1 do
                        let slope = scale * g[d] + penalty * v[d]
                        m[d] <- beta1 * m[d] + (1.0f - beta1) * slope
                        s[d] <- beta2 * s[d] + (1.0f - beta2) * slope * slope
                        v[d] <- v[d] - rate * m[d] / (MathF.Sqrt s[d] + epsilon))

    /// Sums of the columns of errors (B, L), each in the order of the rows.
    let private columnSums threads (errors: Matrix) (sums: Matrix) =
        Threads.ranges threads errors.Cols 256 (fun _ first last ->
            sums.Row(0).Slice(first, last - first).Clear()
            let target = NativePtr.add sums.Ptr first

            for row in 0 .. errors.Rows - 1 do
                Simd.addScaled 1.0f (NativePtr.add (errors.RowPtr row) first) target (last - first))

    /// Train on samples first, first+1, … of a stream. The result's pre-activations are log-odds, with
    /// `EvenOdds` for 0.
    let train
        (progress: int -> unit)
        (sampler: Sampler)
        stream
        (first: int64)
        (means: ClassMeans)
        (whitening: Whitening)
        (settings: ProbeSettings)
        : Sae =
        let world, backend = sampler.World, sampler.Backend
        let threads = Backend.threads backend
        let startWeights, startOffsets = start backend means whitening (float settings.Samples)
        let weights, offsets = Parameters startWeights, Parameters startOffsets
        let width, dim = startWeights.Rows, startWeights.Cols
        let batch = settings.BatchSize
        let steps = settings.Samples / batch
        let codes = Codes world.NumFeatures
        let x, errors = Matrix(batch, dim), Matrix(batch, width)
        let weightSlopes, offsetSlopes = Matrix(width, dim), Matrix(1, width)
        let highest = settings.LearningRate * Math.Sqrt(MostSeparation / float dim)
        let scale, penalty = 1.0f / float32 batch, float32 settings.Penalty

        for step in 1..steps do
            sampler.Sample(stream, first + int64 (step - 1) * int64 batch, codes, x)
            let y = whiten backend whitening x
            Products.multiply backend false y true weights.Values errors

            Threads.ranges threads batch 16 (fun _ firstRow lastRow ->
                for row in firstRow .. lastRow - 1 do
                    toErrors (errors.RowPtr row) offsets.Values.Ptr width (codes.RowIndex row))

            Products.multiply backend true errors false y weightSlopes
            columnSums threads errors offsetSlopes

            let rate = 0.5 * highest * (1.0 + Math.Cos(Math.PI * float (step - 1) / float steps))

            weights.Step(threads, weightSlopes, scale, penalty, rate, step)
            offsets.Step(threads, offsetSlopes, scale, 0.0f, rate, step)
            progress (step * batch)

        let encoder = Whitening.unapply backend whitening weights.Values
        let centre = Array.init width (fun i -> float offsets.Values[0, i] + float EvenOdds)
        Detectors.sae world encoder (Detectors.offsets world whitening.Mean encoder centre)
