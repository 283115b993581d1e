namespace SynthSae.Spec

open System

/// One broken rule of a specification: where, which rule, and the value that broke it.
type SpecError =
    {
        /// Dotted path in the reference's field names, e.g. `hierarchy.branching_factor`; empty for
        /// the whole.
        Path: string
        /// The rule in words, e.g. "must be at least 2".
        Rule: string
        /// The offending value as the user wrote it; empty when there is none.
        Value: string
    }

    /// "path: rule (got value)" on one line.
    override this.ToString() =
        let place = if this.Path = "" then "" else this.Path + ": "
        let value = if this.Value = "" then "" else $" (got {this.Value})"
        place + this.Rule + value

/// A value that has passed validation; only the `validate` functions of this assembly make one.
[<Sealed>]
type Valid<'T> internal (value: 'T) =
    /// The validated value.
    member _.Value = value

/// Rules that each return the errors they find; a specification is valid when the list is empty.
module internal Rules =
    let check path rule (value: 'a) (holds: bool) : SpecError list =
        if holds then [] else [ { Path = path; Rule = rule; Value = string (box value) } ]

    let atLeast (least: int) path (value: int) =
        check path $"must be at least {least}" value (value >= least)

    /// Numbers are computed with as float32, so they must be finite there too.
    let number path rule (value: float) holds =
        if Single.IsFinite(float32 value) then
            check path rule value holds
        else
            check path "must be a finite float32" value false

    let finite path value = number path "" value true

    let positive path value =
        number path "must be greater than 0" value (value > 0.0)

    let notNegative path value =
        number path "must be at least 0" value (value >= 0.0)

    let within (low: float) (high: float) path value =
        number path $"must be in [{low}, {high}]" value (low <= value && value <= high)

    let probability path value = within 0.0 1.0 path value

    let optional rule path value =
        value |> Option.map (rule path) |> Option.defaultValue []

    /// Prefix the paths of nested errors: `at "sae" [k: …]` gives `sae.k: …`.
    let at prefix (errors: SpecError list) =
        let join (path: string) =
            if prefix = "" then path
            elif path = "" || path.StartsWith '[' then prefix + path
            else prefix + "." + path

        errors |> List.map (fun error -> { error with Path = join error.Path })

    /// A list with one entry per feature: its length, then a rule for every entry.
    let perFeature (count: int) path rule (values: 'a array) =
        let length = check path $"must have {count} entries" values.Length (values.Length = count)

        let entries = values |> Seq.mapi (fun i value -> rule $"{path}[{i}]" value)
        length @ List.concat entries

    /// Wrap a value as valid when no rule is broken; otherwise every error, in field order.
    let validated (value: 'T) (errors: SpecError list) : Result<Valid<'T>, SpecError list> =
        if List.isEmpty errors then Ok(Valid value) else Error errors
