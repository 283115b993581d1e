namespace SynthSae.Compute.Ops

open SynthSae.Compute.Cuda

/// `LatentPath` in a GPU's memory.
type DeviceLatentPath =
    {
        /// u (B, D): what the encoder read.
        Input: DeviceMatrix
        /// e (blocks·B, D): for each block of latents the gradient by its part of the output, up to the factor.
        Error: DeviceMatrix
        /// (L): the block of each latent; empty when all are in the first.
        Block: DeviceArray<int>
        /// c: dLoss/dx̂ = c·e.
        Factor: DeviceScalar<float32>
        /// (L): how much of a latent's slope reaches its encoder row; empty for all of it.
        EncoderScale: DeviceArray<float32>
    }

/// Back-propagation through latents on a GPU, with the memory that it needs: for SAEs of L latents on R^D, batches of
/// up to `batch` samples, and up to so many outputs that the decoder bias learns from.
[<Sealed>]
type LatentGradientsCuda(gpu: Gpu, latents: int, dim: int, batch: int, outputs: int) =
    /// Windows that entries are cut into for the sake of long lists, at most.
    let windows = 1024

    /// Rows to a partial sum of columns; COLUMN_ROWS of the kernels.
    let columnRows = 16

    let pieces rows = (rows + columnRows - 1) / columnRows
    let threads = DeviceMatrix.threadsOfRow dim
    let narrowThreads = DeviceMatrix.threadsUpTo 1024 dim
    let isWide = dim > narrowThreads * (if dim % 4 = 0 then 4 else 1)
    let part = new DeviceArray<float32>(gpu, 4L * int64 windows * int64 dim)
    let partBias = new DeviceArray<float32>(gpu, 2 * windows)
    let arrived = DeviceArray.zeros<uint32> gpu latents

    let columns =
        new DeviceArray<float32>(gpu, int64 (pieces latents + outputs * pieces batch) * int64 dim)

    let nothing = new DeviceArray<float32>(gpu, 0)

    /// Partial sums of up to two outputs, and of the encoder's rows where it is not empty, from row `first` of the sums
    /// on; returns the row after them.
    let addColumns
        rows
        (outputs: struct (DeviceMatrix * DeviceScalar<float32>) list)
        (encoder: DeviceArray<float32>)
        (through: DeviceArray<float32>)
        first
        =
        let output i =
            match List.tryItem i outputs with
            | Some(struct (matrix, factor)) -> [ matrix.Arg; factor.Arg ]
            | None -> [ nothing.Arg; nothing.Arg ]

        let encoderRows = if encoder.IsEmpty then 0 else latents
        let count = outputs.Length * pieces rows + pieces encoderRows

        gpu.Launch(
            "latent_gradients_columns",
            count,
            threads,
            output 0
            @ output 1
            @ [ encoder.Arg
                through.Arg
                columns.From(int64 first * int64 dim)
                Arg.Of rows
                Arg.Of encoderRows
                Arg.Of dim ]
        )

        first + count

    /// The gradients at the given lists (of the codes): added to `encoderGradient`, `decoderGradient` (L, D) and
    /// `biasGradient` (L) or, where not `adds`, written over them. `gate`, `extra` (1 and 0 where empty), `byCode` (may
    /// be empty) and `slopes` are by entry; the last two are written. One launch.
    member _.Run
        (
            decoder: DeviceMatrix,
            path: DeviceLatentPath,
            codes: DeviceCodes,
            lists: DeviceLists,
            gate: DeviceArray<float32>,
            extra: DeviceArray<float32>,
            byCode: DeviceArray<float32>,
            slopes: DeviceArray<float32>,
            adds: bool,
            encoderGradient: DeviceMatrix,
            decoderGradient: DeviceMatrix,
            biasGradient: DeviceArray<float32>
        ) =
        gpu.Launch(
            (if isWide then "latent_gradients_wide" else "latent_gradients"),
            windows + latents,
            (if isWide then threads else narrowThreads),
            [ decoder.Arg
              path.Error.Arg
              path.Input.Arg
              path.Block.Arg
              path.Factor.Arg
              path.EncoderScale.Arg
              codes.Index.Arg
              codes.Value.Arg
              gate.Arg
              extra.Arg
              byCode.Arg
              slopes.Arg
              lists.Start.Arg
              lists.Sample.Arg
              lists.Entry.Arg
              part.Arg
              partBias.Arg
              arrived.Arg
              encoderGradient.Arg
              decoderGradient.Arg
              biasGradient.Arg
              Arg.Of path.Input.Rows
              Arg.Of dim
              Arg.Of latents
              Arg.Of windows
              Arg.Of(if adds then 1 else 0) ]
        )

    /// db_dec = Σ over `outputs` of factor·Σ of the first `rows` rows, less Σ_j through_j W_enc,j where b_dec
    /// `appliesToInput`. One launch for every two outputs, and one more.
    member _.DecoderBias
        (
            appliesToInput: bool,
            encoder: DeviceMatrix,
            rows: int,
            outputs: struct (DeviceMatrix * DeviceScalar<float32>) list,
            through: DeviceArray<float32>,
            gradient: DeviceArray<float32>
        ) =
        let weighed = if appliesToInput then encoder.Elements else nothing

        let count =
            match List.chunkBySize 2 outputs with
            | [] -> addColumns rows [] weighed through 0
            | head :: more ->
                (addColumns rows head weighed through 0, more)
                ||> List.fold (fun first pair -> addColumns rows pair nothing nothing first)

        gpu.Launch(
            "latent_gradients_bias",
            (dim + 31) / 32,
            512,
            [ columns.Arg; gradient.Arg; Arg.Of count; Arg.Of dim ]
        )
