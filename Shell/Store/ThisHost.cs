namespace SynthSae.Store;

/// <summary>What tells this machine from others that share its files.</summary>
internal static class ThisHost
{
    /// <summary>Its name.</summary>
    public static string Name { get; } = Environment.MachineName;

    /// <summary>This start of its kernel, which containers share; null if the system does not
    /// tell.</summary>
    public static string? Boot { get; } = ReadBoot();

    private static string? ReadBoot()
    {
        try
        {
            return File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
