namespace SynthSae;

/// <summary>One broken rule of a specification.</summary>
/// <param name="Path">The field as in JSON, e.g. <c>sae.k</c>; empty for the whole.</param>
/// <param name="Rule">The rule in words, e.g. "must be at least 1".</param>
/// <param name="Value">The value that breaks it, as text; empty if there is none.</param>
public sealed record SpecificationError(string Path, string Rule, string Value)
{
    /// <summary>"path: rule (got value)".</summary>
    public override string ToString() =>
        (Path.Length == 0 ? "" : Path + ": ") + Rule + (Value.Length == 0 ? "" : $" (got {Value})");
}
