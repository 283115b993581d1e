namespace SynthSae.Compute

/// What became of a true feature in an SAE.
///
/// A latent *belongs* to the feature that is nearest to its decoder row, if their |cos| reaches
/// `RecoveryRule.LeastCosine`. It *detects* a feature with an F1 of its firing against the feature's activity.
[<RequireQualifiedAccess>]
type Verdict =
    /// One latent stands for it: it belongs to the feature, or is the nearest of all to it with that |cos|, and detects
    /// it with an F1 of at least `RecoveryRule.LeastF1`.
    | Recovered
    /// Several latents that belong to it share its activity: none does it alone, but together (when any of them fires)
    /// they detect it with that F1. Feature splitting: Bricken et al. 2023, "Towards Monosemanticity"; with a truth to
    /// compare with, Chanin et al. 2024.
    | Split
    /// Latents of its descendants in the hierarchy took it over: where a descendant is active too, the feature's own
    /// latents are silent, and the descendant's latent writes the feature's direction beside its own. Feature
    /// absorption: Chanin et al. 2024, "A is for Absorption" (arXiv 2409.14507). Of the samples in which the feature
    /// is active and no latent of its own fires (all of them if it has none), such latents fire in at least
    /// `RecoveryRule.LeastLentOfLost`, and in at least `RecoveryRule.LeastLent` of those in which it is active. Or
    /// else it would be split, but one of the latents is better at detecting a descendant.
    | Absorbed
    /// None of these. Also a feature that was active in no sample.
    | Missed

module Verdict =
    /// As files name it.
    let name verdict =
        match verdict with
        | Verdict.Recovered -> "recovered"
        | Verdict.Split -> "split"
        | Verdict.Absorbed -> "absorbed"
        | Verdict.Missed -> "missed"

/// The bounds of the verdicts.
type RecoveryRule =
    {
        /// Least |cos| of a latent's decoder row with the feature that it belongs to.
        LeastCosine: float
        /// Least F1 of what detects a feature.
        LeastF1: float
        /// Least cosine (with its sign: latents are positive) of a descendant's latent with the feature that it writes
        /// besides.
        LeastLentCosine: float
        /// Least share that descendants' latents have of the activity that the own latents lose.
        LeastLentOfLost: float
        /// Least share that they have of all activity.
        LeastLent: float
    }

module RecoveryRule =
    /// An angle of 60°, 14 standard deviations of chance in R^768. Not the 0.9 that is usual for dictionaries of
    /// language models (Sharkey et al. 2022): where there are more features than latents, a latent that detects its
    /// feature well also holds directions that occur together with it (hedging: Chanin et al. 2025, arXiv 2505.11756).
    /// Of SAEs with 4,096 latents on SynthSAEBench-16k nine tenths of the latents with an F1 of 0.8 or more have a
    /// cosine between 0.7 and 0.9, and none has one below 0.5: a latent that detects a feature points along it, and
    /// this bound only bars coincidence.
    [<Literal>]
    let LeastCosine = 0.5

    /// F1 = 2·hits/(2·hits + errors), so 0.8 allows one error, a firing too many or too few, for two hits.
    [<Literal>]
    let LeastF1 = 0.8

    /// Most of what is lost must be found there for absorption to explain the loss.
    [<Literal>]
    let LeastLentOfLost = 0.5

    /// With less, the losses are too few to be why a feature is not recovered.
    [<Literal>]
    let LeastLent = 0.1

    /// Four standard deviations 1/√D of the cosine of unrelated directions in R^D, but at least 0.15 and at most 0.5: a
    /// latent that writes two features of the same magnitude has a cosine of 0.7 with each.
    let leastLentCosine (dim: int) =
        4.0 / sqrt (float dim) |> max 0.15 |> min 0.5

    /// The rule in R^D.
    let standard dim : RecoveryRule =
        { LeastCosine = LeastCosine
          LeastF1 = LeastF1
          LeastLentCosine = leastLentCosine dim
          LeastLentOfLost = LeastLentOfLost
          LeastLent = LeastLent }

/// A latent as a detector of one feature.
type FeatureLatent =
    {
        Latent: int
        /// Cosine with the feature, signed.
        Cosine: float
        /// Of its firing as a sign that the feature is active.
        Score: LatentScore
    }

/// One true feature in the light of the latents that may stand for it.
type FeatureReport =
    {
        Feature: int
        /// Depth in the hierarchy, if it is part of it.
        Depth: int option
        /// Nearest feature above it.
        Parent: int option
        /// Firing probability of the specification.
        NominalRate: float
        /// Share of samples in which it is active.
        Rate: float
        /// Mean of its magnitude where it is active; NaN if it never is.
        MeanMagnitude: float
        /// The latent with the largest |cos|.
        Nearest: FeatureLatent
        /// The one with the largest F1 among this and those whose nearest feature it is.
        Best: FeatureLatent
        /// Latents that belong to it and fire.
        OwnLatents: int
        /// F1 of any of these firing.
        TogetherF1: float
        /// Share of its activity in which none of its own latents fires, but a descendant's latent that also points along
        /// it does.
        Lent: float
        Verdict: Verdict
    }

/// What became of all features of a world in an SAE.
type Recovery =
    {
        Samples: int64
        /// L.
        Latents: int
        Rule: RecoveryRule
        /// (N)
        Features: FeatureReport[]
        /// Latents, by their feature, against features, by trees.
        Map: CosineMap
    }
