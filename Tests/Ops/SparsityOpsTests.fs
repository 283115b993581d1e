module SynthSae.Tests.Ops.SparsityOpsTests

open SynthSae.Compute
open SynthSae.Compute.Ops
open SynthSae.Tests
open Xunit

/// B, D, L, K.
let sizes: obj[] list =
    [ [| 1; 1; 1; 1 |]; [| 3; 15; 17; 2 |]; [| 70; 33; 130; 5 |]; [| 65; 64; 200; 3 |] ]

let private penalties latents =
    [ Penalty.Norm(0.7, 1.0)
      Penalty.Norm(0.7, 1.5)
      Penalty.Norm(0.7, 2.0)
      Penalty.Weighted(Array.init latents (fun j -> 0.1 * float (j % 4)))
      Penalty.Tanh(0.7, 0.5) ]

let private relative (plain: float32[]) (fast: float32[]) =
    let size = plain |> Seq.map abs |> Seq.fold max 1e-3f
    (Seq.map2 (fun a b -> abs (a - b)) plain fast |> Seq.fold max 0.0f) / size

[<Theory; MemberData(nameof sizes)>]
let ``penalties on sizes agree, and do not depend on threads`` batch dim latents k =
    let sae = Samples.sae 1 latents dim (Activation.TopK(k, true))
    let codes = Codes latents
    SelectReference.run sae (Samples.gaussian 8 batch latents) codes
    let norms = Select.norms sae

    for penalty in penalties latents do
        let run op =
            let extra = Array.create codes.Count 0.25f
            let byNorm = Array.create latents 0.5f
            let loss: float = op penalty norms codes extra byNorm
            loss, extra, byNorm

        let plain, plainExtra, plainNorms = run SizePenaltyReference.run
        let one, oneExtra, oneNorms = run (SizePenaltyCpu.run 1)
        let three, threeExtra, threeNorms = run (SizePenaltyCpu.run 3)
        Assert.InRange(abs (plain - one), 0.0, 1e-5 * plain)
        Assert.InRange(relative plainExtra oneExtra, 0.0f, 1e-5f)
        Assert.InRange(relative plainNorms oneNorms, 0.0f, 1e-5f)
        Assert.Equal(one, three)
        Assert.Equal<float32[]>(oneExtra, threeExtra)
        Assert.Equal<float32[]>(oneNorms, threeNorms)

[<Fact>]
let ``the slope of a penalty is the derivative of its loss`` () =
    let codes = Codes.ofDense (Matrix.init 1 3 (fun _ j -> float32 (j + 1)))
    let norms = [| 0.5f; 1.5f; 2.0f |]

    let loss penalty (codes: Codes) =
        SizePenaltyReference.run penalty norms codes (Array.zeroCreate 3) (Array.zeroCreate 3)

    for penalty in penalties 3 do
        let extra = Array.zeroCreate 3
        SizePenaltyReference.run penalty norms codes extra (Array.zeroCreate 3) |> ignore

        for entry in 0..2 do
            let moved step =
                let copy = Codes 3
                Codes.copyInto copy codes
                copy.Value[entry] <- copy.Value[entry] + step
                loss penalty copy

            let step = 1.0f / 64.0f
            let slope = (moved step - moved -step) / (2.0 * float step)
            Assert.Equal(slope, float extra[entry], 3)

[<Theory; MemberData(nameof sizes)>]
let ``entries near a threshold are the same on both backends`` batch (_dim: int) latents (_k: int) =
    for pre in [ Samples.gaussian 8 batch latents; Samples.tied 8 batch latents ] do
        for bandwidth in [ 0.05f; 0.5f; 2.0f ] do
            let threshold = Samples.tied 9 1 latents |> fun m -> Array.map abs (m.Span.ToArray())
            let plain, fast = Codes latents, Codes latents
            let plainNear = NearThresholdReference.run bandwidth threshold pre plain

            for threads in [ 1; 3 ] do
                let near = NearThresholdCpu.run threads bandwidth threshold pre fast
                Assert.Equal(Samples.entries plain, Samples.entries fast)
                Assert.Equal<float32[]>(plainNear, near)

[<Theory; MemberData(nameof sizes)>]
let ``the loss of dead latents below their thresholds agrees`` batch dim latents (_k: int) =
    let sae = Samples.sae 1 latents dim Activation.Relu
    let input, pre = Samples.gaussian 7 batch dim, Samples.gaussian 8 batch latents
    let theta = Samples.vector 9 latents |> Array.map abs
    let norms = Select.norms sae

    for every in [ 1; 2; 17 ] do
        let dead = [| 0..every .. latents - 1 |]

        let run op =
            let gradients =
                { LatentGradients.create latents dim with
                    Encoder = Samples.gaussian 31 latents dim
                    EncoderBias = Samples.vector 33 latents
                    Threshold = Samples.vector 34 latents }

            let byNorm = Samples.vector 35 latents
            let loss: float = op 0.3 sae input pre theta norms dead gradients byNorm
            loss, gradients, byNorm

        let loss, plain, plainNorms = run PreActLossReference.run
        let oneLoss, one, oneNorms = run (PreActLossCpu.run 1)
        let threeLoss, three, threeNorms = run (PreActLossCpu.run 3)
        Assert.InRange(abs (loss - oneLoss), 0.0, 1e-5 * loss)
        Assert.InRange(Samples.distance plain.Encoder one.Encoder, 0.0, 2e-5)
        Assert.InRange(relative plain.EncoderBias one.EncoderBias, 0.0f, 1e-5f)
        Assert.InRange(relative plain.Threshold one.Threshold, 0.0f, 1e-5f)
        Assert.InRange(relative plainNorms oneNorms, 0.0f, 1e-5f)
        Assert.Equal(oneLoss, threeLoss)
        Assert.Equal<float32[]>(one.Encoder.Span.ToArray(), three.Encoder.Span.ToArray())
        Assert.Equal<float32[]>(oneNorms, threeNorms)
