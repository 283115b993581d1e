using SynthSae.Compute;

namespace SynthSae.Core;

/// <summary>A compiled world.</summary>
/// <param name="World">The world.</param>
/// <param name="Name">The preset, file or folder that it came from.</param>
/// <param name="Origin">How it was obtained: "compiled", "from the cache", "read from …".</param>
public sealed record LoadedWorld(World World, string Name, string Origin)
{
    /// <summary>Draws the world's own samples.</summary>
    public Sampler Sampler(Backend backend) => SamplerModule.create(backend, World);

    /// <summary>Draws the samples of a run.</summary>
    public Sampler Sampler(Backend backend, long runSeed) => SamplerModule.forRun(backend, World, runSeed);
}
