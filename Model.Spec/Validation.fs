namespace SynthSae.Spec

/// One broken rule of a specification: where, which rule, and the value that broke it.
type SpecError =
    {
        /// Dotted path in the reference's field names, e.g. `hierarchy.branching_factor`.
        Path: string
        /// The rule in words, e.g. "must be at least 2".
        Rule: string
        /// The offending value as the user wrote it.
        Value: string
    }

    /// "path: rule (value)" on one line.
    override this.ToString() =
        $"{this.Path}: {this.Rule} (got {this.Value})"

/// A value that has passed validation; only the `validate` functions of this assembly make one.
[<Sealed>]
type Valid<'T> internal (value: 'T) =
    /// The validated value.
    member _.Value = value

/// Rules that each return the errors they find; a specification is valid when the list is empty.
module internal Rules =
    let inline check path rule (value: 'a) (holds: bool) : SpecError list =
        if holds then [] else [ { Path = path; Rule = rule; Value = string (box value) } ]

    /// Prefix the paths of nested errors: `at "sae" [k: …]` gives `sae.k: …`.
    let at prefix (errors: SpecError list) =
        errors
        |> List.map (fun error ->
            { error with
                Path =
                    if prefix = "" then error.Path
                    elif error.Path = "" then prefix
                    else prefix + "." + error.Path })

    /// Wrap a value as valid when no rule is broken; otherwise every error, in field order.
    let validated (value: 'T) (errors: SpecError list) : Result<Valid<'T>, SpecError list> =
        if List.isEmpty errors then Ok(Valid value) else Error errors
