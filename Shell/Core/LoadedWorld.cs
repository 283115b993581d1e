using SynthSae.Compute;

namespace SynthSae.Core;

/// <summary>A compiled world.</summary>
/// <param name="World">The world.</param>
/// <param name="Name">The preset, file or folder that it came from.</param>
/// <param name="Origin">How it was obtained: compiled, cache or folder.</param>
/// <param name="Note">What the reader should know of that; null if nothing.</param>
public sealed record LoadedWorld(World World, string Name, string Origin, string? Note)
{
    /// <summary>All that the reader should know of the world.</summary>
    public IEnumerable<string> Notes =>
        Note is null ? World.Warnings : World.Warnings.Prepend(Note);

    /// <summary>Draws the world's own samples.</summary>
    public Sampler Sampler(Backend backend) => SamplerModule.create(backend, World);

    /// <summary>Draws the samples of a run.</summary>
    public Sampler Sampler(Backend backend, long runSeed) =>
        SamplerModule.forRun(backend, World, runSeed);
}
