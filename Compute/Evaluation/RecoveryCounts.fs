namespace SynthSae.Compute

open System.Collections.Generic
open SynthSae.Compute.Ops

/// What directions alone say about which latents may stand for which features.
type RecoveryPlan =
    {
        Rule: RecoveryRule
        Matching: Matching
        Map: CosineMap
        /// (L): whether the latent belongs to its nearest feature.
        Belongs: bool[]
        /// (L): features above the latent's nearest one that it points along too.
        LendsTo: int[][]
    }

module RecoveryPlan =
    /// The features above a feature, from the nearest on.
    let ancestors (forest: Forest) feature =
        let above feature =
            let node = forest.NodeOfFeature[feature]
            if node < 0 then -1 else forest.GatingFeature[node]

        above feature
        |> List.unfold (fun ancestor ->
            if ancestor < 0 then None else Some(ancestor, above ancestor))

    /// Features in the order of their trees, each before what is below it, then those outside: trees and features by
    /// falling firing probability.
    let featureOrder (world: World) =
        let forest = world.Forest

        // A tree's features, each before those below it.
        let treeOf root =
            let features = ResizeArray<int>()
            let waiting = Stack<int>([ root ])

            while waiting.Count > 0 do
                let node = waiting.Pop()

                if forest.Feature[node] >= 0 then
                    features.Add forest.Feature[node]

                for child in forest.ChildStart[node + 1] - 1 .. -1 .. forest.ChildStart[node] do
                    waiting.Push child

            features.ToArray()

        let byRate (features: seq<int[]>) =
            features
            |> Seq.filter (Array.isEmpty >> not)
            |> Seq.sortByDescending (fun tree -> world.BaseProbability[tree[0]])
            |> Array.concat

        let trees = [ for root in 0 .. forest.Roots - 1 -> treeOf root ]

        let outside =
            [ for feature in 0 .. world.NumFeatures - 1 do
                  if forest.NodeOfFeature[feature] < 0 then
                      [| feature |] ]

        Array.append (byRate trees) (byRate outside)

    /// Latents in the order of their features: the one of the matching, or else the nearest.
    let latentOrder (matching: Matching) (features: int[]) =
        let place = Array.zeroCreate<int> features.Length
        features |> Array.iteri (fun i feature -> place[feature] <- i)

        let featureOf latent =
            match matching.AssignedFeature[latent] with
            | -1 -> matching.BestFeature[latent]
            | assigned -> assigned

        Array.init matching.BestFeature.Length id
        |> Array.sortBy (fun latent ->
            place[featureOf latent], -abs matching.BestCosine[latent], latent)

    /// The plan of an SAE's decoder (L, D) in a world.
    let create backend (world: World) (decoder: Matrix) : RecoveryPlan =
        let rule = RecoveryRule.standard world.HiddenDim
        let features = featureOrder world
        let survey = CosineMap.survey backend decoder.Rows features
        let matching = Matching.runSurveyed backend survey decoder world.Dictionary

        let lends latent =
            [| for ancestor in ancestors world.Forest matching.BestFeature[latent] do
                   let cosine = MatchCosines.cosine decoder latent world.Dictionary ancestor

                   if cosine >= rule.LeastLentCosine then
                       ancestor |]

        { Rule = rule
          Matching = matching
          Map = CosineMap.ofSurvey survey (latentOrder matching features)
          Belongs = matching.BestCosine |> Array.map (fun cosine -> abs cosine >= rule.LeastCosine)
          LendsTo = Array.init decoder.Rows lends }

/// Counts over samples, by feature (N).
type RecoveryCounts =
    {
        /// Σ of the feature's magnitudes.
        Magnitude: float[]
        /// Samples in which it is active and its nearest latent fires.
        NearestHits: int64[]
        /// Samples in which any latent that belongs to it fires.
        OwnFires: int64[]
        /// Those in which it is active.
        OwnHits: int64[]
        /// Samples in which it is active and none of its own latents fires, but one of an active descendant that
        /// points along it.
        Lent: int64[]
    }

/// Collects these counts batch by batch. Costs O(entries) per batch, nothing of the order of N or L.
[<Sealed>]
type RecoveryAccumulator(plan: RecoveryPlan) =
    let features = plan.Map.NearestLatent.Length
    let best = plan.Matching.BestFeature

    let counts: RecoveryCounts =
        { Magnitude = Array.zeroCreate features
          NearestHits = Array.zeroCreate features
          OwnFires = Array.zeroCreate features
          OwnHits = Array.zeroCreate features
          Lent = Array.zeroCreate features }

    // Number of the last sample in which a feature was active, its own latents fired or lent ones did, and in which a
    // latent fired.
    let lastActive: int64[] = Array.create features -1L
    let lastOwn: int64[] = Array.create features -1L
    let lastLent: int64[] = Array.create features -1L
    let lastFired: int64[] = Array.create best.Length -1L
    let mutable seen = 0L

    let addTruth (truth: Codes) row =
        for entry in truth.RowStart[row] .. truth.RowStart[row + 1] - 1 do
            let feature = truth.Index[entry]
            lastActive[feature] <- seen
            counts.Magnitude[feature] <- counts.Magnitude[feature] + float truth.Value[entry]

    let addFiring latent =
        let feature = best[latent]
        lastFired[latent] <- seen

        if plan.Belongs[latent] && lastOwn[feature] <> seen then
            lastOwn[feature] <- seen
            counts.OwnFires[feature] <- counts.OwnFires[feature] + 1L

            if lastActive[feature] = seen then
                counts.OwnHits[feature] <- counts.OwnHits[feature] + 1L

    let addLent latent =
        if lastActive[best[latent]] = seen then
            for ancestor in plan.LendsTo[latent] do
                if
                    lastActive[ancestor] = seen
                    && lastOwn[ancestor] <> seen
                    && lastLent[ancestor] <> seen
                then
                    lastLent[ancestor] <- seen
                    counts.Lent[ancestor] <- counts.Lent[ancestor] + 1L

    let addNearest feature =
        if lastFired[plan.Map.NearestLatent[feature]] = seen then
            counts.NearestHits[feature] <- counts.NearestHits[feature] + 1L

    /// The next batch: true features (B, N) and latents (B, L), of which the values do not matter.
    member _.Add(truth: Codes, latents: Codes) =
        for row in 0 .. truth.Rows - 1 do
            addTruth truth row

            for latent in latents.RowIndex row do
                addFiring latent

            for latent in latents.RowIndex row do
                addLent latent

            for feature in truth.RowIndex row do
                addNearest feature

            seen <- seen + 1L

    member _.Plan = plan

    /// The counts so far.
    member _.Counts = counts
