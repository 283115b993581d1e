namespace SynthSae.Compute.Ops

open SynthSae.Compute
open SynthSae.Compute.Cuda

/// What one Adam step reads from the GPU's memory.
type AdamInput =
    {
        /// Number of the step, from 0.
        Step: DeviceScalar<int>
        /// `Rate` of `ClipAdam.factors`.
        Rate: DeviceScalar<float32>
        /// `RootCorrection` of `ClipAdam.factors`.
        RootCorrection: DeviceScalar<float32>
        /// ‖g‖ over all parameters.
        Norm: DeviceScalar<float>
    }

/// Adam's moments in a GPU's memory.
type DeviceAdamState =
    {
        /// First moments.
        Mean: DeviceParameters
        /// Second moments.
        Square: DeviceParameters
    }

/// Adam for parameters of these shapes. Once a norm is not finite, nothing is updated any more.
[<Sealed>]
type ClipAdamCuda(gpu: Gpu, settings: AdamSettings, shapes: DeviceParameters) =
    // Of these the clip, the rate and the correction change from step to step.
    let constants = ClipAdam.factors settings 1L 0.0 0.0

    let diverged = DeviceArray.zeros<int> gpu 1

    let vectors: (DeviceParameters -> DeviceArray<float32>) list =
        [ _.EncoderBias; _.DecoderBias; _.Threshold; _.MagnitudeScale; _.MagnitudeBias ]

    let rows = shapes.Encoder.Rows + shapes.Decoder.Rows
    let squares = new DeviceArray<float>(gpu, rows)

    let longest = vectors |> List.map (fun vector -> int (vector shapes).Length) |> List.max

    let length (vector: DeviceArray<float32>) = Arg.Of(int vector.Length)

    let factors (input: AdamInput) =
        [ input.Rate.Arg
          input.RootCorrection.Arg
          Arg.Of constants.OneMinusBeta1
          Arg.Of constants.Beta2
          Arg.Of constants.OneMinusBeta2
          Arg.Of constants.Epsilon ]

    /// Number of the first step, from 1, whose norm was not finite; 0 for none.
    member _.Diverged: DeviceScalar<int> = DeviceScalar.at 0 diverged

    /// ‖g‖ over all parameters. Two launches.
    member _.Norm(g: DeviceParameters, norm: DeviceScalar<float>) =
        gpu.Launch(
            "adam_squares",
            (rows + 7) / 8,
            256,
            [ g.Encoder.Arg
              Arg.Of g.Encoder.Rows
              g.Decoder.Arg
              Arg.Of g.Decoder.Rows
              Arg.Of g.Decoder.Cols
              squares.Arg ]
        )

        gpu.Launch(
            "adam_norm",
            1,
            1024,
            [ squares.Arg
              Arg.Of rows
              for vector in vectors do
                  (vector g).Arg
                  length (vector g)
              norm.Arg ]
        )

    /// Update moments and parameters in place; `norms` (L) receives ‖W_dec,j‖ of the new decoder, `encoder` (L, D)
    /// the new encoder in bf16 unless it is empty. Two launches.
    member _.Run
        (
            input: AdamInput,
            g: DeviceParameters,
            state: DeviceAdamState,
            parameters: DeviceParameters,
            norms: DeviceArray<float32>,
            encoder: DeviceArray<uint16>
        ) =
        let matrix (part: DeviceParameters -> DeviceMatrix) =
            [ (part g).Arg
              (part state.Mean).Arg
              (part state.Square).Arg
              (part parameters).Arg
              Arg.Of (part g).Rows ]

        gpu.Launch(
            "adam_matrices",
            (rows + 7) / 8,
            256,
            [ yield! matrix _.Encoder
              yield! matrix _.Decoder
              Arg.Of parameters.Decoder.Cols
              encoder.Arg
              norms.Arg
              input.Norm.Arg
              diverged.Arg
              yield! factors input ]
        )

        gpu.Launch(
            "adam_vectors",
            struct ((longest + 255) / 256, vectors.Length),
            256,
            0,
            [ for vector in vectors do
                  (vector g).Arg
                  (vector state.Mean).Arg
                  (vector state.Square).Arg
                  (vector parameters).Arg
                  length (vector g)
              input.Norm.Arg
              input.Step.Arg
              diverged.Arg
              yield! factors input ]
        )
