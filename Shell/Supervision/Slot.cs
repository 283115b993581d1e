using System.Globalization;

namespace SynthSae.Supervision;

/// <summary>A place for one run at a time: a share of the processor, or a GPU.</summary>
/// <param name="IsGpu">A GPU.</param>
/// <param name="Number">Which, from 0.</param>
internal readonly record struct Slot(bool IsGpu, int Number)
{
    private const string Cpu = "cpu-";
    private const string Gpu = "cuda-";

    /// <summary>As files are named: cpu-0, cuda-1.</summary>
    public string Name => (IsGpu ? Gpu : Cpu) + Number.ToString(CultureInfo.InvariantCulture);

    /// <summary>The device as settings name it: cpu, cuda:1.</summary>
    public string Device => IsGpu ? $"cuda:{Number}" : "cpu";

    /// <summary>The slot of that name; null if it is the name of none.</summary>
    public static Slot? Parse(string name) =>
        After(name, Gpu) is { } gpu ? new Slot(true, gpu)
        : After(name, Cpu) is { } cpu ? new Slot(false, cpu)
        : null;

    public override string ToString() => Name;

    private static int? After(string name, string prefix) =>
        name.StartsWith(prefix, StringComparison.Ordinal)
        && int.TryParse(
            name.AsSpan(prefix.Length),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var number)
            ? number
            : null;
}
