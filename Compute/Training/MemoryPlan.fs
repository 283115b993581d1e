namespace SynthSae.Compute.Training

open SynthSae.Spec

/// The memory that a run on the Cpu backend takes at its fullest, in bytes, reckoned from its specification: what
/// grows with the sizes, without the program itself.
type MemoryPlan =
    {
        /// The model's dictionary and its tables, or the buffers of activations read from files; and the batch.
        Data: int64
        /// Each SAE's parameters, gradients and moments, and the buffers of its step.
        Saes: int64 list
        /// A copy of every SAE's state, while a checkpoint is written.
        Checkpoint: int64
        /// An SAE's copy, its latents and its cosines with all features, while it is scored.
        Scoring: int64
    }

    /// The fullest moment: checkpoints and scoring do not come together.
    member plan.Total = plan.Data + List.sum plan.Saes + max plan.Checkpoint plan.Scoring

module MemoryPlan =
    let private floats (counts: int64 list) = 4L * List.sum counts

    /// Trained numbers of an SAE of L latents on R^D.
    let private parameters (sae: SaeSpec) (dim: int64) =
        let latents = int64 sae.DSae

        match sae.Architecture with
        | SaeArchitecture.MatchingPursuit _ -> latents * dim + dim
        | SaeArchitecture.Gated _ -> 2L * latents * dim + 3L * latents + dim
        | SaeArchitecture.JumpRelu _ -> 2L * latents * dim + 2L * latents + dim
        | _ -> 2L * latents * dim + latents + dim

    let private levels (sae: SaeSpec) =
        match sae.Architecture with
        | SaeArchitecture.Matryoshka(_, _, _, levels) ->
            int64 (Levels.widths sae.DSae levels).Length
        | _ -> 1L

    /// Buffers of a step on B samples.
    let private buffers (sae: SaeSpec) (batch: int64) (dim: int64) =
        let latents = int64 sae.DSae
        let levels = levels sae

        let errors = if levels = 1L then batch * dim else 2L * levels * batch * dim
        let refined = if sae.ListaEta.IsSome then 2L * batch * dim else 0L

        // Lists of what may be selected: at first, before there is a bound to guess, all that is positive.
        let selections =
            match sae.Architecture with
            | SaeArchitecture.MatchingPursuit _ -> 0L
            | _ -> if sae.ListaEta.IsSome then 2L else 1L

        let selection = 3L * selections * batch * latents

        // While latents are dead: their pre-activations, slopes and gradients, at most all of them.
        let revival =
            if sae.Architecture.AuxK.IsSome then
                2L * batch * latents + 3L * latents * dim + batch * dim
            else
                0L

        // Where a good part of all latents fires: three dense (L, B) and one (L, D); and codes of half of them.
        let dense =
            match sae.Architecture with
            | SaeArchitecture.Standard _
            | SaeArchitecture.JumpRelu _
            | SaeArchitecture.Gated _ -> 3L * batch * latents + latents * dim + 6L * batch * latents
            | SaeArchitecture.MatchingPursuit _ -> latents * latents + 64L * batch * dim
            | _ -> 0L

        floats [ batch * latents; 2L * batch * dim; errors; refined; selection; revival; dense ]

    let private data (run: RunSpec) (features: int64) (batch: int64) (dim: int64) =
        match run.Data with
        | DataSource.Activations files ->
            floats [ 2L * int64 files.BufferRows * dim; 2L * batch * dim ]
        | DataSource.Synthetic _ ->
            let rank =
                match RunSpec.model run with
                | Some { Correlation = Correlation.LowRank(rank, _) } -> int64 rank
                | Some { Correlation = Correlation.Independent } -> 0L
                | Some _ -> features
                | None -> 32L

            floats [ features * (dim + rank + 32L); 2L * batch * dim ]

    /// What a run takes whose data live in R^dim and come of this many features (0 for files).
    let predict (run: RunSpec) (features: int) (dim: int) : MemoryPlan =
        let batch, features, dim = int64 run.Training.BatchSize, int64 features, int64 dim

        let scoring (sae: SaeSpec) =
            let latents = int64 sae.DSae
            floats [ parameters sae dim; batch * latents; latents * features; 3L * batch * dim ]

        { Data = data run features batch dim
          Saes =
            [ for sae in run.Saes -> floats [ 4L * parameters sae dim ] + buffers sae batch dim ]
          Checkpoint = run.Saes |> List.sumBy (fun sae -> floats [ 3L * parameters sae dim ])
          Scoring = run.Saes |> List.map scoring |> List.max }
