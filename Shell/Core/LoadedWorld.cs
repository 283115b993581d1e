using System.Globalization;
using SynthSae.Compute;
using Sums = SynthSae.Compute.Files.Checksum;

namespace SynthSae.Core;

/// <summary>A compiled world.</summary>
/// <param name="World">The world.</param>
/// <param name="Name">The preset, file or folder that it came from.</param>
/// <param name="Origin">How it was obtained: compiled, cache or folder.</param>
/// <param name="Note">What the reader should know of that; null if nothing.</param>
internal sealed record LoadedWorld(World World, string Name, string Origin, string? Note)
{
    private string? _checksum;

    /// <summary>All that the reader should know of the world.</summary>
    public IEnumerable<string> Notes =>
        Note is null ? World.Warnings : World.Warnings.Prepend(Note);

    /// <summary>
    /// Tells worlds apart: a sum over the directions of the features and the bias.
    /// </summary>
    public string Checksum => _checksum ??=
        Sums.crc32cOf(Sums.crc32cOf(0, World.Dictionary.Span), World.Bias)
            .ToString("x8", CultureInfo.InvariantCulture);

    /// <summary>Draws the world's own samples.</summary>
    public Sampler Sampler(Backend backend) => SamplerModule.create(backend, World);

    /// <summary>Draws the samples of a run.</summary>
    public Sampler Sampler(Backend backend, long runSeed) =>
        SamplerModule.forRun(backend, World, runSeed);
}
