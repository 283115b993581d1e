namespace SynthSae.Compute.Ops

open SynthSae.Compute
open SynthSae.Compute.Cuda

/// The loss on batches of at most so many rows, for an SAE of L latents.
[<Sealed>]
type PreActLossCuda(gpu: Gpu, rows: int, latents: int) =
    let groups = (latents + 31) / 32
    let below = new DeviceArray<uint32>(gpu, int64 groups * int64 rows)
    let losses = new DeviceArray<float>(gpu, latents)

    /// The loss, to `loss`: 0 when no latent is dead. `input` (B, D) is what the encoder read, `pre` (B, L) what it made
    /// of it, `theta` (L) are the thresholds, `norms` (L) the decoder's; the first `count` of `dead` are the dead latents,
    /// ascending. Slopes are added to the gradients of encoder, encoder bias and threshold, and to `byNorm` (L). Two
    /// launches.
    member _.Run
        (
            coefficient: float,
            input: DeviceMatrix,
            pre: DeviceMatrix,
            theta: DeviceArray<float32>,
            norms: DeviceArray<float32>,
            dead: DeviceArray<int>,
            count: DeviceScalar<int>,
            gradients: DeviceParameters,
            byNorm: DeviceArray<float32>,
            loss: DeviceScalar<float>
        ) =
        gpu.Launch(
            "pre_act_below",
            groups,
            1024,
            [ Arg.Of coefficient
              pre.Arg
              theta.Arg
              norms.Arg
              dead.Arg
              count.Arg
              Arg.Of pre.Rows
              Arg.Of latents
              below.Arg
              losses.Arg
              gradients.EncoderBias.Arg
              gradients.Threshold.Arg
              byNorm.Arg ]
        )

        gpu.Launch(
            "pre_act_encoder",
            struct ((latents + 7) / 8, (input.Cols + 31) / 32),
            256,
            0,
            [ Arg.Of coefficient
              input.Arg
              norms.Arg
              dead.Arg
              count.Arg
              Arg.Of pre.Rows
              Arg.Of input.Cols
              below.Arg
              losses.Arg
              gradients.Encoder.Arg
              loss.Arg ]
        )
