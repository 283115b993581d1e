namespace SynthSae.Compute.Training

open SynthSae.Compute
open SynthSae.Compute.Cuda

/// What is special about the latents of a gated SAE, on a GPU; each is one launch.
module GatedCuda =
    /// exp(r_mag) (L).
    let factors (gpu: Gpu) (scale: DeviceArray<float32>) (factors: DeviceArray<float32>) =
        let latents = int scale.Length
        Launches.threads gpu "gated_factors" latents [ scale.Arg; factors.Arg; Arg.Of latents ]

    /// Once the gradients of the gate's bias and of b_mag are there: dLoss/dr_mag from the list of magnitudes and
    /// their slopes by entry, to `gradients`; and `through` (L), what reaches the encoder's input by its rows. `bias` (L)
    /// is b_mag.
    let backward
        (gpu: Gpu)
        (magnitudes: DeviceCodes)
        (lists: DeviceLists)
        (slopes: DeviceArray<float32>)
        (bias: DeviceArray<float32>)
        (factors: DeviceArray<float32>)
        (gradients: DeviceParameters)
        (through: DeviceArray<float32>)
        =
        Launches.warps
            gpu
            "gated_backward"
            lists.Latents
            [ lists.Start.Arg
              lists.Entry.Arg
              magnitudes.Value.Arg
              slopes.Arg
              bias.Arg
              factors.Arg
              gradients.EncoderBias.Arg
              gradients.MagnitudeBias.Arg
              gradients.MagnitudeScale.Arg
              through.Arg
              Arg.Of lists.Latents ]
