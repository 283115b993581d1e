namespace SynthSae;

/// <summary>A specification breaks rules; all of them are listed.</summary>
public sealed class SpecificationException : SynthSaeException
{
    /// <summary>An exception that carries every broken rule.</summary>
    /// <param name="place">Where the specification came from.</param>
    /// <param name="errors">The broken rules, at least one.</param>
    public SpecificationException(string place, IReadOnlyList<SpecificationError> errors)
        : base(place, string.Join("; ", errors)) =>
        Errors = errors;

    /// <summary>Every broken rule, in the order of the fields.</summary>
    public IReadOnlyList<SpecificationError> Errors { get; }
}
