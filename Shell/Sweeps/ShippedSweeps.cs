using System.Reflection;
using SynthSae.Core;
using SynthSae.Spec;

namespace SynthSae.Sweeps;

/// <summary>The sweeps that come with the program, from the files in sweeps/.</summary>
internal static class ShippedSweeps
{
    private const string Prefix = "sweeps/";
    private const string Ending = ".json";

    private static readonly Lazy<IReadOnlyList<ShippedSweep>> Found = new(Read);

    /// <summary>All of them, by name.</summary>
    public static IReadOnlyList<ShippedSweep> All => Found.Value;

    /// <summary>The sweep of that name, if any.</summary>
    public static ShippedSweep? Find(string name) =>
        All.FirstOrDefault(sweep => sweep.Name == name);

    private static IReadOnlyList<ShippedSweep> Read()
    {
        var assembly = typeof(ShippedSweeps).Assembly;
        return [.. assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(name => Read(assembly, name))
            .OrderBy(sweep => sweep.Name, StringComparer.Ordinal)];
    }

    private static ShippedSweep Read(Assembly assembly, string resource)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
        var text = reader.ReadToEnd();
        var name = resource[Prefix.Length..^Ending.Length];
        return new ShippedSweep(
            name, SweepSpecModule.ofJson(text).OrThrow(resource).Description, text);
    }
}

/// <summary>A sweep that comes with the program.</summary>
/// <param name="Name">What the command line calls it.</param>
/// <param name="Description">One line.</param>
/// <param name="Text">Its JSON.</param>
internal sealed record ShippedSweep(string Name, string Description, string Text);
