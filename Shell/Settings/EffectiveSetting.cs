namespace SynthSae.Settings;

/// <summary>A setting's value and where it came from.</summary>
/// <param name="Definition">Which setting.</param>
/// <param name="Value">The value as its source wrote it.</param>
/// <param name="Source">"default", a file's path, "environment SYNTHSAE_…", or the flag.</param>
internal sealed record EffectiveSetting(SettingDefinition Definition, string Value, string Source);
