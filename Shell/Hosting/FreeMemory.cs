using System.Globalization;

namespace SynthSae.Hosting;

/// <summary>What the machine, or the container, has left.</summary>
internal static class FreeMemory
{
    /// <summary>
    /// Bytes that this process may still take: the least of what the system calls available, what
    /// control groups leave, and what the runtime was allowed.
    /// </summary>
    public static long Bytes =>
        new[] { Available(), ControlGroup(), GC.GetGCMemoryInfo().TotalAvailableMemoryBytes }.Min();

    private static long Available()
    {
        const string Key = "MemAvailable:";
        var line = Lines("/proc/meminfo").FirstOrDefault(
            line => line.StartsWith(Key, StringComparison.Ordinal));
        var number = line?[Key.Length..].Replace("kB", "", StringComparison.Ordinal).Trim();
        return Number(number) is { } kib ? 1024 * kib : long.MaxValue;
    }

    // Version 2, then version 1.
    private static long ControlGroup() => Math.Min(
        Left("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
        Left(
            "/sys/fs/cgroup/memory/memory.limit_in_bytes",
            "/sys/fs/cgroup/memory/memory.usage_in_bytes"));

    private static long Left(string limit, string used) =>
        Number(Lines(limit).FirstOrDefault()) is { } most
        && Number(Lines(used).FirstOrDefault()) is { } taken
            ? Math.Max(0, most - taken)
            : long.MaxValue;

    private static long? Number(string? text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    private static string[] Lines(string file)
    {
        try
        {
            return File.Exists(file) ? File.ReadAllLines(file) : [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
