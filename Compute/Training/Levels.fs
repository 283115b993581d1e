namespace SynthSae.Compute.Training

open SynthSae.Spec

/// Running means of how often latents fire, by which the levels of a Matryoshka SAE may be ordered
/// (FRONTIER 1.1): q_j ← 0.99 q_j + 0.01 · (share of the batch in which latent j fired), the first batch's share at
/// the start. `shares` (L) is kept and updated in place, so that it can be saved and given back.
[<Sealed>]
type FiringFrequencies(shares: float[], batches: int64) =
    let mutable batches = batches

    /// No batch seen.
    new(latents: int) = FiringFrequencies(Array.zeroCreate latents, 0L)

    /// The rate at which a batch moves the means.
    static member Rate = 0.01

    /// (L): the means.
    member _.Shares = shares

    /// Batches seen.
    member _.Batches = batches

    /// Learn from a batch of `rows` samples in which each latent fired so often.
    member _.Update(counts: int[], rows: int) =
        for j in 0 .. shares.Length - 1 do
            let share = float counts[j] / float rows

            shares[j] <-
                if batches = 0L then
                    share
                else
                    (1.0 - FiringFrequencies.Rate) * shares[j] + FiringFrequencies.Rate * share

        batches <- batches + 1L

    /// These latents have no past.
    member _.Forget(latents: int[]) =
        for latent in latents do
            shares[latent] <- 0.0

    /// The latents, the most frequent first, of equals the lower one.
    member _.Order() : int[] =
        Array.init shares.Length id |> Array.sortBy (fun j -> struct (-shares[j], j))

/// The levels of a Matryoshka SAE.
module Levels =
    /// Widths of all levels, the last one L.
    let widths latents (levels: MatryoshkaLevels) : int[] =
        [| yield! levels.Widths |> List.filter (fun width -> width < latents); latents |]

    /// λ of each level's error: the inner weights, and 1 for all latents.
    let weights latents (levels: MatryoshkaLevels) : float[] =
        let count = (widths latents levels).Length - 1

        match levels.InnerWeights with
        | [] -> Array.create (count + 1) 1.0
        | inner -> [| yield! inner; 1.0 |]

    /// (L): the level to which each latent belongs, in this order of latents.
    let ofOrder (widths: int[]) (order: int[]) : int[] =
        let level = Array.zeroCreate order.Length
        let mutable current = 0

        for rank in 0 .. order.Length - 1 do
            while rank >= widths[current] do
                current <- current + 1

            level[order[rank]] <- current

        level

/// The levels of an SAE as its errors are reckoned: one level for all that is no Matryoshka.
type LevelPlan =
    {
        /// Widths of the levels, the last one L.
        Widths: int[]
        /// λ of each level's error.
        Weights: float[]
        /// An inner level teaches none but its own latents.
        Detached: bool
        /// Latents belong to levels by how often they fire, else by their number.
        ByFrequency: bool
        /// AuxK for each level against its own error.
        RevivesPerLevel: bool
    }

    /// Number of levels.
    member plan.Count = plan.Widths.Length

    /// (L): the level of each latent where they go by number; empty when there is only one.
    member plan.Start =
        if plan.Count = 1 then
            [||]
        else
            Levels.ofOrder plan.Widths (Array.init (Array.last plan.Widths) id)

module LevelPlan =
    /// The levels of an architecture of L latents.
    let ofArchitecture latents (architecture: SaeArchitecture) : LevelPlan =
        match architecture with
        | SaeArchitecture.Matryoshka(_, _, _, levels) ->
            let widths = Levels.widths latents levels

            { Widths = widths
              Weights = Levels.weights latents levels
              Detached = levels.Detached
              ByFrequency = (levels.Order = LevelOrder.Frequency)
              RevivesPerLevel = levels.AuxLossPerLevel && widths.Length > 1 }
        | _ ->
            { Widths = [| latents |]
              Weights = [| 1.0 |]
              Detached = false
              ByFrequency = false
              RevivesPerLevel = false }
