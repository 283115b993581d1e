using System.Text.Json.Nodes;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using SynthSae.Compute;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Settings;
using SynthSae.Spec;

namespace SynthSae.Data;

/// <summary>Activations in files, of whose features nothing is known.</summary>
internal sealed class ActivationData : IRunData
{
    private readonly ActivationRows _rows;
    private readonly long _heldOut;
    private readonly Shuffle _shuffle;
    private readonly AppSettings _settings;
    private readonly Lazy<ShuffledRows> _shuffled;

    private ActivationData(
        string name,
        ActivationRows rows,
        RowSplit training,
        long heldOut,
        Shuffle shuffle,
        AppSettings settings)
    {
        (Name, _rows, _heldOut) = (name, rows, heldOut);
        (_shuffle, _settings) = (shuffle, settings);
        _shuffled = new Lazy<ShuffledRows>(
            () => new ShuffledRows(settings.Threads, rows, training, shuffle));
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int Dim => _rows.Dim;

    /// <inheritdoc/>
    public string Checksum => _rows.Checksum;

    /// <inheritdoc/>
    public IReadOnlyList<(string Key, JsonNode? Value)> Facts =>
    [
        ("files", _rows.Files),
        ("rows", _rows.Rows),
        ("dim", _rows.Dim),
        ("held_out", _heldOut),
    ];

    /// <inheritdoc/>
    public IEnumerable<string> Notes =>
        [$"{Words}; {Numbers.Bytes(BufferBytes)} in memory at a time"];

    /// <summary>Files, rows and dimension in a few words.</summary>
    public string Words =>
        $"{Counts.Exact(_rows.Files)} file{(_rows.Files == 1 ? "" : "s")}, "
        + $"{Counts.Exact(_rows.Rows)} activations in R^{_rows.Dim}, "
        + $"{Counts.Exact(_heldOut)} of them held out";

    private long BufferBytes =>
        (long)sizeof(float) * _shuffle.Buffers * _shuffle.WindowRows * _rows.Dim;

    /// <summary>What a run of this seed trains on, and is scored on.</summary>
    public static ActivationData Open(ActivationsSpec spec, long seed, AppSettings settings)
    {
        var rows = ActivationRows.Open(spec.Files, spec.Tensor);
        try
        {
            var split = RowSplitModule.ofSpec(rows.Rows, spec.HeldOut);
            var shuffle = ShuffleModule.create(split.Training, spec.BufferRows, seed);
            var name = spec.Files.Length == 1 ? spec.Files.Head : "activations";
            return new ActivationData(name, rows, split, split.HeldOut, shuffle, settings);
        }
        catch
        {
            ((IDisposable)rows).Dispose();
            throw;
        }
    }

    /// <summary>Files of which every row may be scored on, for SAEs trained on others.</summary>
    public static ActivationData ToScore(
        IReadOnlyList<string> files, string? tensor, AppSettings settings)
    {
        var name = tensor is null ? FSharpOption<string>.None : FSharpOption<string>.Some(tensor);
        var rows = ActivationRows.Open(ListModule.OfSeq(files), name);
        var title = string.Join(" ", files);
        if (rows.Rows == 0)
        {
            ((IDisposable)rows).Dispose();
            throw Failure.BadInput(title, "there are no activations");
        }

        var standard = ActivationsSpecModule.create(ListModule.OfSeq(files));
        var shuffle = ShuffleModule.create(rows.Rows, standard.BufferRows, 0);
        var all = RowSplitModule.create(rows.Rows, 0);
        return new ActivationData(title, rows, all, rows.Rows, shuffle, settings);
    }

    /// <inheritdoc/>
    public IBatches TrainingBatches() => _shuffled.Value;

    /// <inheritdoc/>
    public IFeed Feed(int batchSize, long first) =>
        Feeds.ofBatches(_settings.Backend(), TrainingBatches(), batchSize, first);

    /// <inheritdoc/>
    public long ScoredSamples(long wanted) => Math.Min(wanted, _heldOut);

    /// <inheritdoc/>
    public Scoring.Scored Score(
        Inference sae, long samples, int batchSize, bool features, Action<long> progress)
    {
        // Fewer samples are a part of more, as evenly spread over the files.
        var scored = RowSplitModule.create(_rows.Rows, ScoredSamples(samples));
        return Scoring.Score(
            _settings,
            new HeldOutRows(_rows, scored),
            sae,
            scored.HeldOut,
            batchSize,
            progress);
    }

    public void Dispose()
    {
        if (_shuffled.IsValueCreated)
        {
            ((IDisposable)_shuffled.Value).Dispose();
        }

        ((IDisposable)_rows).Dispose();
    }
}
