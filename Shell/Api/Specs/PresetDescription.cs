namespace SynthSae;

/// <summary>A run that has a name.</summary>
/// <param name="Name">What <see cref="RunSpecification.FromPreset"/> takes.</param>
/// <param name="Description">One line.</param>
public sealed record PresetDescription(string Name, string Description);
