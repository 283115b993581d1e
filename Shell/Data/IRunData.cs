using System.Text.Json.Nodes;
using SynthSae.Compute;
using SynthSae.Core;

namespace SynthSae.Data;

/// <summary>What a run trains SAEs on, and scores them on.</summary>
internal interface IRunData : IDisposable
{
    /// <summary>The preset, file or folder that it came from.</summary>
    string Name { get; }

    /// <summary>D.</summary>
    int Dim { get; }

    /// <summary>Tells data apart: a run goes on with what it began with.</summary>
    string Checksum { get; }

    /// <summary>What the log says of it.</summary>
    IReadOnlyList<(string Key, JsonNode? Value)> Facts { get; }

    /// <summary>What the reader should know of it.</summary>
    IEnumerable<string> Notes { get; }

    /// <summary>The samples to train on; they live as long as the data.</summary>
    IBatches TrainingBatches();

    /// <summary>The batches to train on one after another, from a sample on.</summary>
    IFeed Feed(int batchSize, long first);

    /// <summary>How many samples there are to score on, where so many are wanted.</summary>
    long ScoredSamples(long wanted);

    /// <summary>
    /// Samples for what training needs beside its batches, numbered like those to train on: drawn
    /// anew where samples can be drawn, else the samples to train on themselves.
    /// </summary>
    IBatches SamplesFor(SynthSae.Compute.Stream purpose) => TrainingBatches();

    /// <summary>The true features (N, D); null where nothing is known of them.</summary>
    Matrix? Features => null;

    /// <summary>
    /// Score an SAE on samples that it was not trained on, as many as there are, and, if
    /// <paramref name="features"/> and a truth is known, say what became of each feature;
    /// <paramref name="progress"/> hears after each batch how many are done, and may throw to end
    /// it.
    /// </summary>
    Scoring.Scored Score(
        Inference sae, long samples, int batchSize, bool features, Action<long> progress);
}
