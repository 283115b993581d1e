namespace SynthSae;

/// <summary>
/// How computations are done. What comes out depends on the kind of device in the last bits, and on
/// nothing else. Configuration files and the environment of the command line have no effect here.
/// </summary>
public sealed record ComputeOptions
{
    /// <summary>Every core of the processor, with the user's cache of compiled models.</summary>
    public static ComputeOptions Default { get; } = new();

    /// <summary>Where to compute.</summary>
    public ComputeDevice Device { get; init; } = ComputeDevice.Cpu;

    /// <summary>Threads on the processor, from 1 to 1024; null for one per core.</summary>
    public int? Threads { get; init; }

    /// <summary>
    /// Folder in which compiled models and GPU kernels are kept for the next time; null for the
    /// user's, which the command line uses too ($XDG_CACHE_HOME/synthsae/worlds).
    /// </summary>
    public string? CacheFolder { get; init; }

    /// <summary>False to keep nothing, and compile anew each time.</summary>
    public bool UseCache { get; init; } = true;
}
