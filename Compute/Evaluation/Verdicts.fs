namespace SynthSae.Compute

open SynthSae.Compute.Ops

/// Verdicts on features from counts over samples.
module Verdicts =
    /// All that is known of an SAE in a world.
    type private Evidence =
        { World: World
          Decoder: Matrix
          Plan: RecoveryPlan
          Sums: MetricSums
          Counts: RecoveryCounts
          // (N): latents whose nearest feature it is.
          Near: int[][]
          // (L): features that it is the nearest of all latents to.
          NearestTo: int[][] }

    let private grouped count (keys: int[]) =
        let groups = Array.init count (fun _ -> ResizeArray<int>())
        keys |> Array.iteri (fun item key -> groups[key].Add item)
        groups |> Array.map _.ToArray()

    let private score evidence feature fires hits =
        Metrics.latentScore
            evidence.Sums.Unsupervised.Samples
            fires
            evidence.Sums.Active[feature]
            hits

    let private fires evidence latent =
        evidence.Sums.Unsupervised.Fires[latent]

    let private detector evidence feature latent hits : FeatureLatent =
        { Latent = latent
          Cosine = MatchCosines.cosine evidence.Decoder latent evidence.World.Dictionary feature
          Score = score evidence feature (fires evidence latent) hits }

    let private nearest evidence feature =
        let latent = evidence.Plan.Map.NearestLatent[feature]
        detector evidence feature latent evidence.Counts.NearestHits[feature]

    /// The latents that may stand for a feature, with what they are worth.
    let private candidates evidence feature =
        [ nearest evidence feature
          for latent in evidence.Near[feature] do
              if latent <> evidence.Plan.Map.NearestLatent[feature] then
                  detector evidence feature latent evidence.Sums.Hits[latent] ]

    let private own evidence feature =
        evidence.Near[feature]
        |> Array.filter (fun latent -> evidence.Plan.Belongs[latent] && fires evidence latent > 0L)

    /// Whether a latent near a feature is better at detecting one below.
    let private firesForDescendant evidence feature latent =
        let f1 = (score evidence feature (fires evidence latent) evidence.Sums.Hits[latent]).F1Score

        evidence.NearestTo[latent]
        |> Array.exists (fun other ->
            List.contains feature (RecoveryPlan.ancestors evidence.World.Forest other)
            && (nearest evidence other).Score.F1Score > f1)

    let private isRecovered (rule: RecoveryRule) (latent: FeatureLatent) =
        abs latent.Cosine >= rule.LeastCosine && latent.Score.F1Score >= rule.LeastF1

    let private isLent evidence feature =
        let active = float evidence.Sums.Active[feature]
        let lost = active - float evidence.Counts.OwnHits[feature]
        let lent = float evidence.Counts.Lent[feature]
        let rule = evidence.Plan.Rule
        active > 0.0 && lent >= rule.LeastLentOfLost * lost && lent >= rule.LeastLent * active

    let private verdict evidence feature candidates (own: int[]) togetherF1 =
        let rule = evidence.Plan.Rule
        let shared = own.Length >= 2 && togetherF1 >= rule.LeastF1

        if List.exists (isRecovered rule) candidates then
            Verdict.Recovered
        elif shared && not (Array.exists (firesForDescendant evidence feature) own) then
            Verdict.Split
        elif shared || isLent evidence feature then
            Verdict.Absorbed
        else
            Verdict.Missed

    let private ratio (part: float) (whole: float) =
        if whole > 0.0 then part / whole else 0.0

    let private report evidence feature : FeatureReport =
        let world, counts = evidence.World, evidence.Counts
        let node = world.Forest.NodeOfFeature[feature]
        let active = float evidence.Sums.Active[feature]
        let candidates = candidates evidence feature
        let own = own evidence feature

        let together = score evidence feature counts.OwnFires[feature] counts.OwnHits[feature]

        { Feature = feature
          Depth = if node < 0 then None else Some world.Forest.Depth[node]
          Parent = List.tryHead (RecoveryPlan.ancestors world.Forest feature)
          NominalRate = float world.BaseProbability[feature]
          Rate = active / float evidence.Sums.Unsupervised.Samples
          MeanMagnitude = if active = 0.0 then nan else counts.Magnitude[feature] / active
          Nearest = List.head candidates
          Best = candidates |> List.maxBy (fun latent -> latent.Score.F1Score, abs latent.Cosine)
          OwnLatents = own.Length
          TogetherF1 = together.F1Score
          Lent = ratio (float counts.Lent[feature]) active
          Verdict = verdict evidence feature candidates own together.F1Score }

    /// What the counts over a world's samples say of each feature.
    let conclude (world: World) (decoder: Matrix) plan sums counts : Recovery =
        let evidence =
            { World = world
              Decoder = decoder
              Plan = plan
              Sums = sums
              Counts = counts
              Near = grouped world.NumFeatures plan.Matching.BestFeature
              NearestTo = grouped decoder.Rows plan.Map.NearestLatent }

        { Samples = sums.Unsupervised.Samples
          Latents = decoder.Rows
          Rule = plan.Rule
          Features = Array.init world.NumFeatures (report evidence)
          Map = plan.Map }
