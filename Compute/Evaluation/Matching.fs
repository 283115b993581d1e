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

    /// How a backend finds the nearest others of rows, and the assignment from these lists.
    type private Ops =
        { Nearest: Matrix -> Matrix -> int -> Candidates
          Solve: Matrix -> Matrix -> Candidates -> Assignment }

    let private opsOf backend : Ops =
        match backend with
        | Backend.Reference ->
            { Nearest = MatchCosinesReference.nearest
              Solve =
                fun rows others candidates ->
                    AssignReference.solve
                        { Candidates = candidates
                          Rows = MatchCosinesReference.weights rows others } }
        | Backend.Cpu threads ->
            { Nearest = MatchCosinesCpu.nearest threads
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

            { Nearest =
                fun rows others count ->
                    MatchCosinesCuda.nearest gpu (upload rows) (upload others) count
              // A search from row to row.
              Solve =
                fun rows others candidates ->
                    AssignCpu.solve
                        { Candidates = candidates
                          Rows = MatchCosinesCuda.weights gpu (upload rows) (upload others) } }

    /// Best and assigned feature of every latent; the smaller side asks in the assignment.
    let private features ops (decoder: Matrix) (dictionary: Matrix) =
        if decoder.Rows <= dictionary.Rows then
            let lists = ops.Nearest decoder dictionary listed
            let best = Array.init decoder.Rows (fun latent -> lists.Index[latent * lists.Count])
            best, (ops.Solve decoder dictionary lists).Column
        else
            let best = (ops.Nearest decoder dictionary 1).Index
            let lists = ops.Nearest dictionary decoder listed
            let assigned = Array.create decoder.Rows -1

            (ops.Solve dictionary decoder lists).Column
            |> Array.iteri (fun feature latent -> assigned[latent] <- feature)

            best, assigned

    /// Match the decoder rows (L, D) of an SAE with the features (N, D) of a world.
    let run backend (decoder: Matrix) (dictionary: Matrix) : Matching =
        let best, assigned = features (opsOf backend) decoder dictionary

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
