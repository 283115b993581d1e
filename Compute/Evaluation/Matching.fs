namespace SynthSae.Compute

open System.Collections.Generic
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops

/// Which feature each latent stands for, judged by decoder directions alone.
type Matching =
    {
        /// (L): the feature with the largest |cos|, the first among equals; several latents may share one.
        BestFeature: int[]
        /// (L): cosine with it, signed.
        BestCosine: float[]
        /// (L): the feature of the heaviest one-to-one matching by |cos|, −1 for the L − N latents left over.
        AssignedFeature: int[]
        /// (L): cosine with it, signed; 0 for a latent left over.
        AssignedCosine: float[]
        /// Mean |cos| of the min(L, N) matched pairs.
        Mcc: float
        /// Number of different best features, divided by L.
        Uniqueness: float
    }

module Matching =
    /// Candidates per row: enough that a list is rarely made longer.
    let private listed = 32

    /// Cosines held at a time where they are computed for a survey alone: 32 MB.
    let private surveyElements = 1 <<< 23

    /// How a backend finds the nearest others of rows, and the assignment from these lists. `Watched` also hands out
    /// the cosines (block of others, rows), beside the first other of each block.
    type private Ops =
        { Nearest: Matrix -> Matrix -> int -> Candidates
          Watched: (int -> Matrix -> unit) -> Matrix -> Matrix -> int -> Candidates
          Solve: Matrix -> Matrix -> Candidates -> Assignment }

    /// Hand out the blocks of a backend that does not let its own be seen.
    let private handOut (weights: Matrix -> Matrix -> int[] -> Matrix) watch rows (others: Matrix) =
        let cosines = weights others rows
        let block = max 1 (surveyElements / max 1 rows.Rows) |> min others.Rows

        for first in 0..block .. others.Rows - 1 do
            let last = min others.Rows (first + block) - 1
            watch first (cosines [| first..last |])

    let private opsOf backend : Ops =
        match backend with
        | Backend.Reference ->
            { Nearest = MatchCosinesReference.nearest
              Watched =
                fun watch rows others count ->
                    handOut MatchCosinesReference.weights watch rows others
                    MatchCosinesReference.nearest rows others count
              Solve =
                fun rows others candidates ->
                    AssignReference.solve
                        { Candidates = candidates
                          Rows = MatchCosinesReference.weights rows others } }
        | Backend.Cpu threads ->
            { Nearest = MatchCosinesCpu.nearest threads
              Watched = fun watch -> MatchCosinesCpu.nearestWatched watch threads
              Solve =
                fun rows others candidates ->
                    AssignCpu.solve
                        { Candidates = candidates
                          Rows = MatchCosinesCpu.weights threads rows others } }
        | Backend.Cuda(gpu, _) ->
            let uploaded = Dictionary<Matrix, DeviceMatrix>(HashIdentity.Reference)

            let upload matrix =
                match uploaded.TryGetValue matrix with
                | true, device -> device
                | false, _ ->
                    let device = DeviceMatrix.ofMatrix gpu matrix
                    uploaded[matrix] <- device
                    device

            let nearest rows others count =
                MatchCosinesCuda.nearest gpu (upload rows) (upload others) count

            let weights rows others =
                MatchCosinesCuda.weights gpu (upload rows) (upload others)

            { Nearest = nearest
              Watched =
                fun watch rows others count ->
                    handOut weights watch rows others
                    nearest rows others count
              // A search from row to row.
              Solve =
                fun rows others candidates ->
                    AssignCpu.solve
                        { Candidates = candidates
                          Rows = MatchCosinesCuda.weights gpu (upload rows) (upload others) } }

    /// Best and assigned feature of every latent; the smaller side asks in the assignment.
    let private features ops (survey: CosineSurvey option) (decoder: Matrix) (dictionary: Matrix) =
        let nearest =
            match survey with
            | Some survey -> ops.Watched(fun first cosines -> survey.Add(first, cosines))
            | None -> ops.Nearest

        if decoder.Rows <= dictionary.Rows then
            let lists = nearest decoder dictionary listed
            let best = Array.init decoder.Rows (fun latent -> lists.Index[latent * lists.Count])
            best, (ops.Solve decoder dictionary lists).Column
        else
            let best = (nearest decoder dictionary 1).Index
            let lists = ops.Nearest dictionary decoder listed
            let assigned = Array.create decoder.Rows -1

            (ops.Solve dictionary decoder lists).Column
            |> Array.iteri (fun feature latent -> assigned[latent] <- feature)

            best, assigned

    let private matched survey backend (decoder: Matrix) (dictionary: Matrix) : Matching =
        let best, assigned = features (opsOf backend) survey decoder dictionary

        let cosine latent feature =
            if feature < 0 then 0.0 else MatchCosines.cosine decoder latent dictionary feature

        let assignedCosine = Array.mapi cosine assigned
        let pairs = min decoder.Rows dictionary.Rows

        { BestFeature = best
          BestCosine = Array.mapi cosine best
          AssignedFeature = assigned
          AssignedCosine = assignedCosine
          Mcc = Array.sumBy abs assignedCosine / float (max 1 pairs)
          Uniqueness = float (Array.distinct best).Length / float (max 1 decoder.Rows) }

    /// Match the decoder rows (L, D) of an SAE with the features (N, D) of a world.
    let run backend (decoder: Matrix) (dictionary: Matrix) = matched None backend decoder dictionary

    /// `run`; all cosines are also surveyed, on the processor at no cost of another product.
    let runSurveyed backend (survey: CosineSurvey) (decoder: Matrix) (dictionary: Matrix) =
        matched (Some survey) backend decoder dictionary
