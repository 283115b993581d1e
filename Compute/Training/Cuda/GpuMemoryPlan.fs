namespace SynthSae.Compute.Training

open SynthSae.Compute.Cuda
open SynthSae.Spec

/// The memory that a run takes of a GPU, in bytes, reckoned from its specification. All of it but the scoring's is
/// taken before the first step; checkpoints are made on the host.
module GpuMemoryPlan =
    let private floats (counts: int64 list) = 4L * List.sum counts

    /// What cuBLASLt works in, for each SAE.
    let workspace = int64 CublasLt.WorkspaceBytes

    /// Sizes of a step: B, D, L and the room for latents of a sample.
    type private Sizes =
        { Batch: int64
          Dim: int64
          Latents: int64
          Stride: int64 }

        /// Room for entries of a batch.
        member s.Capacity = s.Batch * s.Stride

    let private roundUp unit size = (size + unit - 1L) / unit * unit

    /// Codes with their lists and slopes by entry.
    let private listed s =
        floats [ s.Batch; s.Latents; 5L * s.Capacity ]

    /// Selection, and the marks that lists are made from.
    let private selection s =
        8L * min 32768L (s.Batch * s.Latents)
        + 16384L
        + floats [ s.Latents * (s.Batch / 32L + 1L) ]

    /// x', pre, and what the product reads of x' and W_enc.
    let private encoder (precision: Precision) s =
        let depth = roundUp 32L s.Dim
        let rounded = (roundUp 128L s.Batch + roundUp 128L s.Latents) * depth

        let operands =
            match precision with
            | Precision.Bf16 -> 2L * rounded
            | Precision.Tf32 -> 4L * rounded
            | _ -> 0L

        operands + floats [ s.Batch * s.Dim; s.Batch * s.Latents ]

    /// Partial sums of the gradients, with so many outputs that b_dec learns from.
    let private gradients outputs s =
        let rows = s.Latents / 16L + 1L + outputs * (s.Batch / 16L + 1L)
        floats [ 4L * 1024L * s.Dim; s.Latents; rows * s.Dim ]

    let private revival (architecture: SaeArchitecture) groups refines s =
        if architecture.AuxK.IsNone then
            0L
        else
            let entries = s.Batch * max 1L (min (s.Dim / 2L) s.Latents)
            let tiles = (s.Dim + 63L) / 64L

            let group =
                floats [ s.Batch; 2L * entries; (if refines then entries else 0L) ]
                + floats [ s.Batch * s.Dim; s.Latents ]

            floats [ 2L * s.Batch * s.Latents; 2L * s.Batch * tiles ] + groups * group

    let private sparsity (architecture: SaeArchitecture) s =
        let all = s.Batch * s.Latents

        match architecture with
        | SaeArchitecture.JumpRelu { Sparsity = JumpReluSparsity.Tanh _ } ->
            floats [ 8L * all; 4L * s.Latents ]
        | SaeArchitecture.JumpRelu _ -> floats [ 6L * all; 4L * s.Latents ]
        | SaeArchitecture.Standard _
        | SaeArchitecture.Matryoshka(_, _, _, { L1Coefficients = _ :: _ }) ->
            floats [ 2L * s.Capacity; 2L * s.Batch; 4L * s.Latents ]
        | _ -> 0L

    let private linear (plan: StepPlan) (levels: LevelPlan) s =
        let refines = plan.Sae.ListaEta.IsSome

        let groups =
            if plan.Architecture.AuxK.IsNone then 0L
            elif levels.RevivesPerLevel then int64 levels.Count
            else 1L

        let refinement =
            if refines then selection s + listed s + floats [ 3L * s.Batch * s.Dim ] else 0L

        encoder plan.Training.Precision s
        + listed s
        + selection s
        + gradients (2L + groups) s
        + revival plan.Architecture groups refines s
        + sparsity plan.Architecture s
        + refinement

    let private gated (plan: StepPlan) s =
        let magnitudes = floats [ s.Batch; s.Latents; 4L * s.Capacity ]
        let penalty = floats [ 2L * s.Capacity; 2L * s.Batch ]

        encoder plan.Training.Precision s
        + listed s
        + magnitudes
        + selection s
        + penalty
        + gradients 2L s
        + floats [ s.Batch * s.Dim; 2L * s.Batch; 3L * s.Latents ]

    let private pursuit s =
        let gram = if s.Latents <= 16384L then s.Latents * s.Latents else 0L
        let together = max 1L (min s.Batch (64_000_000L / (s.Stride * s.Dim)))

        listed s
        + floats [ gram; 3L * s.Batch * s.Dim; s.Batch * s.Latents; 2L * s.Batch ]
        + floats [ 3L * s.Capacity; together * s.Stride * s.Dim ]
        + floats [ s.Latents * (s.Batch / 32L + 1L) ]
        + gradients 1L s

    /// Trained numbers.
    let private parameters (architecture: SaeArchitecture) s =
        let matrix, vector = s.Latents * s.Dim, s.Latents

        match architecture with
        | SaeArchitecture.MatchingPursuit _ -> matrix + s.Dim
        | SaeArchitecture.Gated _ -> 2L * matrix + 3L * vector + s.Dim
        | SaeArchitecture.JumpRelu _ -> 2L * matrix + 2L * vector + s.Dim
        | _ -> 2L * matrix + vector + s.Dim

    let private scalings (sae: SaeSpec) s =
        let matrices =
            match sae.Normalization with
            | ActivationNormalization.None -> 0L
            | ActivationNormalization.LayerNorm -> 2L
            | _ -> 1L

        floats [ matrices * s.Batch * s.Dim; 2L * s.Batch ]

    let private sizes (plan: StepPlan) dim =
        { Batch = int64 plan.Training.BatchSize
          Dim = int64 dim
          Latents = int64 plan.Sae.DSae
          Stride = int64 (CudaRoom.stride plan dim) }

    /// An SAE and the buffers of its step.
    let private sae (plan: StepPlan) dim =
        let s = sizes plan dim
        let levels = LevelPlan.ofArchitecture plan.Sae.DSae plan.Architecture
        let count = int64 levels.Count
        let errors = (if count = 1L then 1L else 2L * count) * s.Batch * s.Dim

        let latents =
            match plan.Architecture with
            | SaeArchitecture.Gated _ -> gated plan s
            | SaeArchitecture.MatchingPursuit _ -> pursuit s
            | _ -> linear plan levels s

        workspace
        + floats
            [ 4L * parameters plan.Architecture s; errors; 2L * count * s.Batch; 11L * s.Latents ]
        + scalings plan.Sae s
        + latents

    /// A world's tables for samples of so many rows, with room for their codes.
    let private sampler (features: int64) (rank: int64) (dim: int64) (rows: int64) =
        let whole = roundUp 32L rows
        let tiles = features / 32L + 1L
        let factors = roundUp 4L rank
        let fragments = if rank = 0L then 0L else 8L * (rank / 8L + 1L)
        let entries = rows * features
        // Beyond 1 GiB room is left for what hardly any sample exceeds (`SampleCodesCuda.usualStride`).
        let room = if 8L * entries <= 0x40000000L then entries else rows * min features 2048L

        floats
            [ features * (factors + fragments + 13L + dim)
              whole * (factors + fragments + tiles)
              2L * room
              rows ]

    let private rank (run: RunSpec) features =
        match RunSpec.model run with
        | Some { Correlation = Correlation.LowRank(rank, _) } -> int64 rank
        | Some { Correlation = Correlation.Independent } -> 0L
        | Some _ -> features
        | None -> 32L

    let private data (run: RunSpec) (features: int64) (dim: int64) =
        let rows = int64 run.Training.BatchSize

        match run.Data with
        | DataSource.Activations _ -> floats [ rows * dim ]
        | DataSource.Synthetic _ ->
            sampler features (rank run features) dim rows + floats [ 2L * rows * dim ]

    /// An SAE with its samples, true codes, latents and counts, or its cosines with all features: as it is saved any
    /// number of its latents may be active.
    let private scoring (run: RunSpec) (features: int64) (plan: StepPlan) dim =
        let s = sizes plan dim

        let truth =
            if features = 0L then
                0L
            else
                sampler features (rank run features) s.Dim s.Batch + floats [ features * s.Dim ]

        let cosines = floats [ (s.Latents + features) * roundUp 32L s.Dim; 1L <<< 23 ]
        let counts = 8L * 20L * (2L * s.Latents + features + s.Dim)

        let encoded =
            floats [ 2L * s.Latents * s.Dim; 3L * s.Batch * s.Dim; 3L * s.Batch * s.Latents ]

        workspace + truth + max cosines (encoded + counts)

    /// What a run takes that trains these SAEs, each by its own specification, on data in R^dim that come of this many
    /// features (0 for files).
    let predict (saes: Valid<RunSpec> list) (features: int) (dim: int) : MemoryPlan =
        let run = (List.head saes).Value
        let plans = saes |> List.map StepPlan

        { Data = data run (int64 features) (int64 dim)
          Saes = plans |> List.map (fun plan -> sae plan dim)
          Checkpoint = 0L
          Scoring =
            plans |> List.map (fun plan -> scoring run (int64 features) plan dim) |> List.max }
