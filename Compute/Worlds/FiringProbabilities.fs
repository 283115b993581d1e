namespace SynthSae.Compute

open System
open SynthSae.Spec

/// How often features fire, and the thresholds of the Gaussian copula that make them.
module FiringProbabilities =
    /// `start` … `stop` in n equal steps; `start` alone for n = 1.
    let internal linspace n (start: float) (stop: float) =
        let last = float (max 1 (n - 1))
        Array.init n (fun i -> float32 (start + (stop - start) * float i / last))

    /// 1/(i+1)^exponent, mapped affinely onto [least, most].
    let private zipfian n exponent most least =
        let weight = Array.init n (fun i -> Math.Pow(float (i + 1), -exponent))
        let range = weight[0] - weight[n - 1]

        weight
        |> Array.map (fun w ->
            let share = if range > 0.0 then (w - weight[n - 1]) / range else 1.0
            float32 (least + (most - least) * share))

    /// p (N) of a specification. A random profile is the reference's own draw for the seed.
    let compile (seed: int64) (numFeatures: int) (probability: FiringProbability) : float32[] =
        match probability with
        | FiringProbability.Zipfian(exponent, most, least) ->
            zipfian numFeatures exponent most least
        | FiringProbability.Linear(most, least) -> linspace numFeatures most least
        | FiringProbability.Random(most, least) ->
            TorchRandom.rand numFeatures seed
            |> Array.map (fun u -> float32 least + float32 (most - least) * u)
        | FiringProbability.Constant p -> Array.create numFeatures (float32 p)
        | FiringProbability.Explicit p -> Array.map float32 p

    /// Factor (N) that makes up for gating: 1 / base probability of the gating feature.
    let private gatingFactors (probability: float32[]) (forest: Forest) =
        let factor = Array.create probability.Length 1.0

        for node in 0 .. forest.Nodes - 1 do
            let feature = forest.Feature[node]
            let gate = forest.GatingFeature[node]

            if feature >= 0 && gate >= 0 && probability[gate] > 0.0f then
                factor[feature] <- 1.0 / float probability[gate]

        factor

    /// Multiply the factors of one node's exclusive children: each loses to its siblings.
    let private addExclusion (probability: float32[]) (forest: Forest) (factor: float[]) node =
        let owner =
            if forest.Feature[node] >= 0 then forest.Feature[node] else forest.GatingFeature[node]

        let above = if owner >= 0 then float probability[owner] else 1.0

        let children =
            [| for child in forest.ChildStart[node] .. forest.ChildStart[node + 1] - 1 do
                   if forest.Feature[child] >= 0 then
                       forest.Feature[child] |]

        if above > 0.0 && children.Length >= 2 then
            let total = children |> Array.sumBy (fun child -> float probability[child])

            for child in children do
                let others = max 0.0 (total - float probability[child])
                factor[child] <- factor[child] * (1.0 + others / above)

    /// The factor (N) by which compensation multiplies each probability (reference:
    /// `compensate_probabilities`). It uses base probabilities only and restores the base rates
    /// only in part, as in the reference.
    let compensationFactors (probability: float32[]) (forest: Forest) : float[] =
        let factor = gatingFactors probability forest

        for node in 0 .. forest.Nodes - 1 do
            if forest.ExclusiveChildren[node] then
                addExclusion probability forest factor node

        factor

    /// Compensated probabilities (N), at most 1, and how many features were pushed there from below 1.
    let compensate (probability: float32[]) (forest: Forest) : struct (float32[] * int) =
        let raised =
            (compensationFactors probability forest, probability)
            ||> Array.map2 (fun factor p -> float32 (factor * float p))

        let clamped =
            (raised, probability)
            ||> Array.fold2 (fun count r p -> if r >= 1.0f && p < 1.0f then count + 1 else count) 0

        struct (raised |> Array.map (min 1.0f), clamped)

    /// τ = Φ⁻¹(1 − p): +∞ for p = 0 (never fires), −∞ for p = 1 (always fires).
    let threshold (p: float32) : float32 =
        if p <= 0.0f then Single.PositiveInfinity
        elif p >= 1.0f then Single.NegativeInfinity
        else float32 -(MathNet.Numerics.Distributions.Normal.InvCDF(0.0, 1.0, float p))
