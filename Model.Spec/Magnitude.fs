namespace SynthSae.Spec

open SynthSae.Spec.Coding

/// A vector with one entry per feature: the mean, or the standard deviation, of the magnitude
/// with which a feature fires (reference: `mean_firing_magnitudes`, `std_firing_magnitudes`).
[<RequireQualifiedAccess>]
type Magnitude =
    /// The same value for every feature.
    | Constant of value: float
    /// From `start` (feature 0) to `end` (feature N−1) in equal steps.
    | Linear of start: float * end': float
    /// From `start` to `end` in equal ratios.
    | Exponential of start: float * end': float
    /// |mean + std·z| with z normal, clamped to [min, max] where given.
    | FoldedNormal of mean: float * std: float * min: float option * max: float option
    /// One value for each feature.
    | Explicit of values: float array

module internal Magnitude =
    open Rules

    let private ends start end' =
        positive "start" start @ positive "end" end'

    /// `each` is the rule for a value that is written out.
    let private rules each numFeatures magnitude =
        match magnitude with
        | Magnitude.Constant value -> each "" value
        | Magnitude.Linear(start, end') -> ends start end'
        | Magnitude.Exponential(start, end') -> ends start end'
        | Magnitude.FoldedNormal(mean, std, min, max) ->
            let ordered = Option.map2 (<=) min max |> Option.defaultValue true

            finite "mean" mean
            @ positive "std" std
            @ optional notNegative "min_value" min
            @ optional positive "max_value" max
            @ check "min_value" "must be at most max_value" (Option.toNullable min) ordered
        | Magnitude.Explicit values -> perFeature numFeatures "values" each values

    let meanRules numFeatures mean = rules finite numFeatures mean

    let stdRules numFeatures std = rules notNegative numFeatures std

    let private number =
        Codec.number
        |> Codec.map Magnitude.Constant (function
            | Magnitude.Constant value -> value
            | _ -> nan)

    let private list =
        Codec.array Codec.number
        |> Codec.map Magnitude.Explicit (function
            | Magnitude.Explicit values -> values
            | _ -> [||])

    let private foldedNormal =
        let bound name =
            Fields.optional name (Codec.nullable Codec.number) None

        Fields.fields<float * float * float option * float option> {
            let! mean =
                Fields.optional "mean" Codec.number 0.0 |> Fields.from (fun (mean, _, _, _) -> mean)

            and! std =
                Fields.optional "std" Codec.number 0.1 |> Fields.from (fun (_, std, _, _) -> std)

            and! min = bound "min_value" |> Fields.from (fun (_, _, min, _) -> min)
            and! max = bound "max_value" |> Fields.from (fun (_, _, _, max) -> max)
            return mean, std, min, max
        }

    let private generated =
        let ends =
            Fields.pair (Fields.required "start" Codec.number) (Fields.required "end" Codec.number)

        Fields.tagged
            "generator_name"
            [ Fields.case
                  "constant"
                  (Fields.optional "value" Codec.number 1.0)
                  Magnitude.Constant
                  (function
                   | Magnitude.Constant value -> Some value
                   | _ -> None)
              Fields.case "linear" ends Magnitude.Linear (function
                  | Magnitude.Linear(start, end') -> Some(start, end')
                  | _ -> None)
              Fields.case "exponential" ends Magnitude.Exponential (function
                  | Magnitude.Exponential(start, end') -> Some(start, end')
                  | _ -> None)
              Fields.case "folded_normal" foldedNormal Magnitude.FoldedNormal (function
                  | Magnitude.FoldedNormal(mean, std, min, max) -> Some(mean, std, min, max)
                  | _ -> None)
              Fields.case
                  "explicit"
                  (Fields.required "values" (Codec.array Codec.number))
                  Magnitude.Explicit
                  (function
                   | Magnitude.Explicit values -> Some values
                   | _ -> None) ]
        |> Fields.toObject

    /// A bare number, a bare list, or an object with `generator_name`.
    let codec: Codec<Magnitude> =
        Codec.forms
            (function
            | Json.Number _ -> number
            | Json.Array _ -> list
            | _ -> generated)
            (function
             | Magnitude.Constant _ -> number
             | _ -> generated)
