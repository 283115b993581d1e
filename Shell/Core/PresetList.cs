using SynthSae.Spec;

namespace SynthSae.Core;

/// <summary>The named runs.</summary>
internal static class PresetList
{
    /// <summary>All of them, the benchmark first.</summary>
    public static IReadOnlyList<Preset> All { get; } = [.. Presets.all];

    /// <summary>Their names.</summary>
    public static IEnumerable<string> Names => All.Select(preset => preset.Name);

    /// <summary>The preset of that name, if any.</summary>
    public static Preset? Find(string name) => All.FirstOrDefault(preset => preset.Name == name);
}
