using System.Text.Json.Nodes;
using SynthSae.Compute;
using SynthSae.Core;
using SynthSae.Settings;

namespace SynthSae.Data;

/// <summary>Samples of a synthetic model, whose true features are known.</summary>
/// <param name="world">The model.</param>
/// <param name="seed">The run's seed.</param>
/// <param name="settings">The settings in force.</param>
internal sealed class WorldData(LoadedWorld world, long seed, AppSettings settings) : IRunData
{
    /// <summary>The model.</summary>
    public LoadedWorld World => world;

    /// <inheritdoc/>
    public string Name => world.Name;

    /// <inheritdoc/>
    public int Dim => world.World.HiddenDim;

    /// <inheritdoc/>
    public string Checksum => world.Checksum;

    /// <inheritdoc/>
    public IReadOnlyList<(string Key, JsonNode? Value)> Facts => [("origin", world.Origin)];

    /// <inheritdoc/>
    public IEnumerable<string> Notes => world.Notes;

    /// <inheritdoc/>
    public IBatches TrainingBatches() =>
        SamplesFor(SynthSae.Compute.Stream.Training);

    /// <inheritdoc/>
    public IFeed Feed(int batchSize, long first) =>
        Feeds.ofSampler(Sampler, SynthSae.Compute.Stream.Training, batchSize, first);

    /// <inheritdoc/>
    public IBatches SamplesFor(SynthSae.Compute.Stream purpose) =>
        new SampledBatches(Sampler, purpose);

    private Sampler Sampler => world.Sampler(settings.Backend(), seed);

    /// <inheritdoc/>
    public Matrix? Features => world.World.Dictionary;

    /// <inheritdoc/>
    public long ScoredSamples(long wanted) => wanted;

    /// <inheritdoc/>
    public Scoring.Scored Score(
        Inference sae, long samples, int batchSize, bool features, Action<long> progress) =>
        Scoring.Score(settings, world, sae, samples, batchSize, features, progress);

    public void Dispose()
    {
        // Nothing is held.
    }
}
