namespace SynthSae.Compute

open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops

/// How pre-activations become latents on a GPU: one activation of an SAE, for batches of up to `rows` samples. `scale`
/// (L) is what values are compared by, or empty. Matching pursuit selects nothing from pre-activations.
[<Sealed>]
type DeviceSelection
    (gpu: Gpu, sae: Sae, activation: Activation, scale: DeviceArray<float32>, rows: int) =
    let select = SelectCuda(gpu, rows, sae.Latents)
    let vector (values: float32[]) = DeviceArray.ofArray gpu values

    let whole (k: int) =
        DeviceScalar.ofValue gpu (min k sae.Latents)

    let batchTopK k =
        let count, smallest = DeviceScalar.ofValue gpu 0, DeviceScalar.ofValue gpu 0.0f
        let mutable rows = 0

        fun (pre: DeviceMatrix) codes ->
            if pre.Rows <> rows then
                rows <- pre.Rows
                DeviceScalar.set count (Select.batchCount k rows sae.Latents)

            select.BatchTopK(pre, scale, count, codes, smallest)

    let gated magnitudeScale magnitudeBias =
        let bias, scale, shift = vector sae.EncoderBias, vector magnitudeScale, vector magnitudeBias
        let gate = DeviceCodes(gpu, sae.Latents, rows, sae.Latents)
        fun pre codes -> select.Gated(pre, bias, scale, shift, gate, codes)

    let apply: DeviceMatrix -> DeviceCodes -> unit =
        match activation with
        | Activation.Relu -> fun pre codes -> select.Positive(pre, codes)
        | Activation.TopK(k, _) ->
            let k = whole k
            fun pre codes -> select.TopK(pre, scale, k, false, codes)
        | Activation.AbsTopK(k, _) ->
            let k = whole k
            fun pre codes -> select.TopK(pre, scale, k, true, codes)
        | Activation.BatchTopK(k, _) -> batchTopK k
        | Activation.JumpRelu threshold ->
            let threshold = vector threshold
            fun pre codes -> select.Above(pre, threshold, codes)
        | Activation.Gated(scale, bias) -> gated scale bias
        | Activation.Pursuit _ -> invalidArg (nameof activation) "pursues"

    /// Codes with room for what the activation may keep of a sample.
    static member CreateCodes(gpu: Gpu, activation: Activation, latents: int, rows: int) =
        let room =
            match activation with
            | Activation.TopK(k, _)
            | Activation.AbsTopK(k, _) -> min k latents
            | Activation.Pursuit limits -> min limits.MaxIterations latents
            | Activation.Relu
            | Activation.BatchTopK _
            | Activation.JumpRelu _
            | Activation.Gated _ -> latents

        DeviceCodes(gpu, latents, rows, room)

    /// Codes of a batch of pre-activations (B, L).
    member _.Apply(pre: DeviceMatrix, codes: DeviceCodes) = apply pre codes
