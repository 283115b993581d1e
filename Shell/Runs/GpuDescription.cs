using System.Text.Json.Nodes;
using SynthSae.Compute.Cuda;
using SynthSae.Formatting;

namespace SynthSae.Runs;

/// <summary>What a run keeps of the GPU that it computes on.</summary>
internal static class GpuDescription
{
    private const string Name = "name";
    private const string Capability = "compute_capability";
    private const string Driver = "driver";

    /// <summary>An open GPU.</summary>
    public static JsonObject ToJson(Gpu gpu) =>
        new()
        {
            ["index"] = gpu.Info.Index,
            [Name] = gpu.Info.Name,
            [Capability] = $"{gpu.Info.Major}.{gpu.Info.Minor}",
            ["memory_bytes"] = gpu.Info.TotalMemory,
            [Driver] = Library.driverVersion() is { Value: var version } ? $"{version}" : null,
        };

    /// <summary>What tells results apart: name, compute capability and driver.</summary>
    public static string Words(JsonObject gpu) =>
        $"{gpu[Name]}, compute capability {gpu[Capability]}, driver {gpu[Driver]}";

    /// <summary>The same of an open GPU, with its number and memory.</summary>
    public static string Words(Gpu gpu) =>
        $"cuda:{gpu.Info.Index} ({Words(ToJson(gpu))}, {Numbers.Bytes(gpu.Info.TotalMemory)})";
}
