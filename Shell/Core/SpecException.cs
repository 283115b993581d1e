using SynthSae.Spec;

namespace SynthSae.Core;

/// <summary>A specification that breaks rules, all of which are listed.</summary>
/// <param name="place">Where it came from: a file, or the flags.</param>
/// <param name="errors">Every broken rule, in the order of the fields.</param>
internal sealed class SpecException(string place, IReadOnlyList<SpecError> errors)
    : Exception($"{place}: {errors.Count} broken rules")
{
    /// <summary>Where the specification came from.</summary>
    public string Place { get; } = place;

    /// <summary>Every broken rule.</summary>
    public IReadOnlyList<SpecError> Errors { get; } = errors;
}
