using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Text.Json.Nodes;

namespace SynthSae.Hosting;

/// <summary>The machine that the program runs on, in words.</summary>
internal static class Machine
{
    /// <summary>Name of the processor as the system gives it.</summary>
    public static string Processor => ReadProcessor() ?? Architecture;

    /// <summary>Processors that this process may use.</summary>
    public static int Cores => Environment.ProcessorCount;

    /// <summary>Memory that this process may use, in bytes.</summary>
    public static long Memory => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>E.g. "Linux 6.8 x64".</summary>
    public static string System =>
        $"{RuntimeInformation.OSDescription} {Architecture}";

    /// <summary>E.g. ".NET 10.0.0".</summary>
    public static string Runtime => RuntimeInformation.FrameworkDescription;

    /// <summary>The widest vectors that the processor computes with.</summary>
    public static string Simd =>
        Avx512F.IsSupported ? "AVX-512 (16 floats)"
        : Avx2.IsSupported && Fma.IsSupported ? "AVX2 with FMA (8 floats)"
        : Vector256.IsHardwareAccelerated ? "256 bits (8 floats)"
        : Vector128.IsHardwareAccelerated ? "128 bits (4 floats)"
        : "none (slow)";

    /// <summary>All of it as JSON.</summary>
    public static JsonObject ToJson() =>
        new()
        {
            ["processor"] = Processor,
            ["cores"] = Cores,
            ["simd"] = Simd,
            ["memory_bytes"] = Memory,
            ["system"] = System,
            ["runtime"] = Runtime,
        };

    private static string Architecture =>
        RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();

    private static string? ReadProcessor()
    {
        const string file = "/proc/cpuinfo";
        const string key = "model name";
        try
        {
            return File.Exists(file)
                ? File.ReadLines(file)
                    .FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal))?
                    .Split(':', 2)[1].Trim()
                : null;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
