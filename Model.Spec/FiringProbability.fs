namespace SynthSae.Spec

open SynthSae.Spec.Coding

/// The base firing probability p_i of each feature, i = 0 … N−1 (reference: `FiringProbabilityConfig`).
[<RequireQualifiedAccess>]
type FiringProbability =
    /// 1/(i+1)^exponent, rescaled affinely onto [minProb, maxProb] (not clamped).
    | Zipfian of exponent: float * maxProb: float * minProb: float
    /// Evenly spaced from `max` (feature 0) down to `min` (feature N−1).
    | Linear of max: float * min: float
    /// Uniform in [min, max), drawn with the model's seed.
    | Random of max: float * min: float
    /// The same probability for every feature.
    | Constant of probability: float
    /// One probability for each feature.
    | Explicit of probabilities: float array

module internal FiringProbability =
    open Rules

    let private range orEqual maxProb minProb =
        let ordered = minProb < maxProb || (orEqual && minProb = maxProb)
        let word = if orEqual then "at most" else "less than"

        number "max_prob" "must be in (0, 1]" maxProb (0.0 < maxProb && maxProb <= 1.0)
        @ number "min_prob" "must be greater than 0" minProb (minProb > 0.0)
        @ check "min_prob" $"must be {word} max_prob {maxProb}" minProb ordered

    let rules numFeatures probability =
        match probability with
        | FiringProbability.Zipfian(exponent, maxProb, minProb) ->
            positive "exponent" exponent @ range false maxProb minProb
        | FiringProbability.Linear(maxProb, minProb) -> range true maxProb minProb
        | FiringProbability.Random(maxProb, minProb) -> range false maxProb minProb
        | FiringProbability.Constant p -> Rules.probability "probability" p
        | FiringProbability.Explicit ps ->
            perFeature numFeatures "probabilities" Rules.probability ps

    let private explicit =
        Codec.array Codec.number
        |> Codec.map FiringProbability.Explicit (function
            | FiringProbability.Explicit ps -> ps
            | _ -> [||])

    let private generated =
        let number name fallback =
            Fields.optional name Codec.number fallback

        Fields.tagged
            "generator_name"
            [ Fields.case
                  "zipfian"
                  (Fields.triple
                      (number "exponent" 1.0)
                      (number "max_prob" 0.3)
                      (number "min_prob" 0.01))
                  FiringProbability.Zipfian
                  (function
                   | FiringProbability.Zipfian(e, max, min) -> Some(e, max, min)
                   | _ -> None)
              Fields.case
                  "linear"
                  (Fields.pair (number "max_prob" 0.3) (number "min_prob" 0.01))
                  FiringProbability.Linear
                  (function
                   | FiringProbability.Linear(max, min) -> Some(max, min)
                   | _ -> None)
              Fields.case
                  "random"
                  (Fields.pair (number "max_prob" 0.5) (number "min_prob" 0.01))
                  FiringProbability.Random
                  (function
                   | FiringProbability.Random(max, min) -> Some(max, min)
                   | _ -> None)
              Fields.case "constant" (number "probability" 0.1) FiringProbability.Constant (function
                  | FiringProbability.Constant p -> Some p
                  | _ -> None)
              Fields.case
                  "explicit"
                  (Fields.required "probabilities" (Codec.array Codec.number))
                  FiringProbability.Explicit
                  (function
                   | FiringProbability.Explicit ps -> Some ps
                   | _ -> None) ]
        |> Fields.toObject

    /// An object with `generator_name`, or a bare list of probabilities.
    let codec: Codec<FiringProbability> =
        Codec.forms
            (function
            | Json.Array _ -> explicit
            | _ -> generated)
            (fun _ -> generated)
