namespace SynthSae.Compute.Ops

open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Spec

/// What several AuxK losses on batches of at most so many rows can share.
[<Sealed>]
type AuxKScratch(gpu: Gpu, rows: int, latents: int, dim: int) =
    let tiles = (dim + 63) / 64
    let columns = (dim + 31) / 32

    /// (B, L): activations of the dead latents in the first columns.
    member val Acts = new DeviceArray<float32>(gpu, int64 rows * int64 latents)

    /// (B, L): slopes by their pre-activations, up to the factor.
    member val Slopes = new DeviceArray<float32>(gpu, int64 rows * int64 latents)

    /// (B, tiles): squared errors.
    member val Squares = new DeviceArray<float>(gpu, rows * tiles)

    /// (2, columns): parts of two total variances.
    member val Variances = new DeviceArray<float>(gpu, 2 * columns)

    /// The loss's weight.
    member val Weight = new DeviceArray<float>(gpu, 1)

/// AuxK on batches of at most so many rows, for an SAE of L latents on R^D.
[<Sealed>]
type AuxKCuda(gpu: Gpu, auxK: AuxK, rows: int, latents: int, dim: int, scratch: AuxKScratch) =
    let limit = dim / 2
    let codes = DeviceCodes(gpu, latents, rows, max 1 (min limit latents))
    // What is left in it counts for nothing where no latent is dead, but must be finite.
    let error = DeviceMatrix.zeros gpu rows dim
    let factor = DeviceArray.zeros<float32> gpu 1
    let tiles = (dim + 63) / 64
    let columns = (dim + 31) / 32
    let isByVariance = auxK.Normalization = AuxKNormalization.Variance
    let nothing = new DeviceArray<float32>(gpu, 0)
    let variances = if isByVariance then scratch.Variances else new DeviceArray<float>(gpu, 0)
    // Blocks that take turns at the tiles of 32 dead latents.
    let groups = min 64 ((latents + 31) / 32)

    /// The number of latents of one sample that take part, at most: what `SelectCuda.Among` is to be asked for.
    member _.Limit = limit

    /// The dead latents that take part, with their pre-activations: for `SelectCuda.Among` to fill before `Run`.
    member _.Codes = codes

    /// After `Run`: the error of the reconstruction by dead latents (B, D), and what the gradient by it is: c·error.
    member _.Error = error

    /// c; 0 where no latent is dead.
    member _.Factor: DeviceScalar<float32> = DeviceScalar.at 0 factor

    /// The loss with its weight to `loss`; its gradients are added to `gradients` (encoder, decoder, encoder bias).
    /// `x` (B, D) is the batch, `input` what the encoder read, `bias` b_dec; `errors` holds x̂ − x from row `firstRow`
    /// on; the first `count` of `dead` are the dead latents, ascending. Four launches, five by variance, of which all
    /// end at once when no latent is dead.
    member _.Run
        (
            x: DeviceMatrix,
            input: DeviceMatrix,
            decoder: DeviceMatrix,
            bias: DeviceArray<float32>,
            errors: DeviceMatrix,
            firstRow: int,
            dead: DeviceArray<int>,
            count: DeviceScalar<int>,
            gradients: DeviceParameters,
            loss: DeviceScalar<float>
        ) =
        let rows = input.Rows
        let latentsDead = [ dead.Arg; count.Arg ]
        let sizes = [ Arg.Of rows; Arg.Of dim; Arg.Of latents ]

        if isByVariance then
            gpu.Launch(
                "aux_k_variance",
                struct (columns, 2),
                1024,
                0,
                [ count.Arg
                  x.Arg
                  errors.FromRow firstRow
                  Arg.Of rows
                  Arg.Of dim
                  scratch.Variances.Arg ]
            )

        Launches.blocks
            gpu
            "aux_k_begin"
            rows
            128
            [ Arg.Of auxK.Coefficient
              variances.Arg
              Arg.Of columns
              Arg.Of limit
              yield! latentsDead
              codes.Count.Arg
              codes.Index.Arg
              codes.Value.Arg
              Arg.Of codes.Stride
              Arg.Of latents
              scratch.Acts.Arg
              scratch.Weight.Arg
              factor.Arg
              loss.Arg ]

        gpu.Launch(
            "aux_k_errors",
            struct (tiles, (rows + 63) / 64),
            256,
            0,
            [ yield! latentsDead
              scratch.Acts.Arg
              decoder.Arg
              errors.FromRow firstRow
              (if auxK.DecoderBias then bias else nothing).Arg
              yield! sizes
              error.Arg
              scratch.Squares.Arg ]
        )

        gpu.Launch(
            "aux_k_slopes",
            struct (groups, (rows + 63) / 64),
            256,
            0,
            [ yield! latentsDead
              scratch.Acts.Arg
              decoder.Arg
              error.Arg
              scratch.Squares.Arg
              Arg.Of tiles
              scratch.Weight.Arg
              yield! sizes
              scratch.Slopes.Arg
              loss.Arg ]
        )

        gpu.Launch(
            "aux_k_gradients",
            struct (groups, 2 * tiles),
            256,
            0,
            [ yield! latentsDead
              scratch.Acts.Arg
              scratch.Slopes.Arg
              error.Arg
              input.Arg
              factor.Arg
              yield! sizes
              gradients.Decoder.Arg
              gradients.Encoder.Arg
              gradients.EncoderBias.Arg ]
        )

    /// After `Run` and before the scratch memory is used again: the gradients by the pre-activations that took part, by
    /// entry of the codes of the first rows. One launch.
    member _.SlopesTo
        (rows: int, dead: DeviceArray<int>, count: DeviceScalar<int>, byEntry: DeviceArray<float32>)
        =
        Launches.blocks
            gpu
            "aux_k_entries"
            rows
            128
            [ dead.Arg
              count.Arg
              codes.Count.Arg
              codes.Index.Arg
              Arg.Of codes.Stride
              scratch.Slopes.Arg
              factor.Arg
              Arg.Of latents
              byEntry.Arg ]
