using System.Text.Json.Nodes;
using SynthSae.Formatting;
using SynthSae.Runs;
using SynthSae.Slurm;
using SynthSae.Store;

namespace SynthSae.Sweeps;

/// <summary>What has become of one trial.</summary>
/// <param name="Entry">Which.</param>
/// <param name="Status">Where its run stands; null if the run's folder is not there.</param>
/// <param name="Word">The same in a word, also of what waits or was ended elsewhere.</param>
/// <param name="Message">What there is to say of that.</param>
/// <param name="Scores">By form; none until the run has finished.</param>
/// <param name="SamplesPerSecond">Of the SAE's own steps; NaN if not known.</param>
internal sealed record TrialOutcome(
    SweepEntry Entry,
    RunStatus? Status,
    string Word,
    string? Message,
    IReadOnlyDictionary<ScoredForm, Scores> Scores,
    double SamplesPerSecond)
{
    /// <summary>Whether it has come to its end.</summary>
    public bool IsFinished => Status == RunStatus.Finished;

    /// <summary>Whether it ended by an error, or somebody ended it without a word.</summary>
    public bool IsFailed => Word == RunStatus.Failed.Word();

    /// <summary>A metric; NaN if it is not known.</summary>
    public double Value(ScoredForm form, string metric) =>
        Scores.TryGetValue(form, out var scores)
        && scores.Metrics.FirstOrDefault(one => one.Name == metric) is { } found
            ? found.Value
            : double.NaN;

    /// <summary>The trials of a sweep, each run's files read once.</summary>
    public static IReadOnlyList<TrialOutcome> Read(
        SweepFolder folder, SweepRecord record, SweepStandings standings)
    {
        var runs = record.Runs.ToDictionary(
            run => run, run => new RunOutcome(folder.RunPath(run), standings));
        return [.. record.Entries.Select(entry => runs[entry.Run].Of(entry))];
    }

    /// <summary>As an object.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject
        {
            ["seed"] = Entry.Seed,
            ["run"] = Entry.Run,
            ["sae"] = Entry.Sae,
            ["status"] = Word,
            ["message"] = Message,
        };
        foreach (var (form, scores) in Scores)
        {
            json[form.Key] = new JsonObject(scores.Metrics.Select(metric =>
                KeyValuePair.Create(metric.Name, Json.Number(metric.Value))));
        }

        json["samples_per_second"] = Json.Number(SamplesPerSecond);
        return json;
    }

    // What the files of a run say.
    private sealed class RunOutcome
    {
        private static readonly Dictionary<ScoredForm, Scores> None = [];

        private readonly RunSummary? _run;
        private readonly JsonObject? _result;
        private readonly Standing _standing;

        public RunOutcome(string path, SweepStandings standings)
        {
            _run = RunReading.Read(path, DateTime.UtcNow);
            var (status, message) = (_run?.Status, _run?.Snapshot.Message);
            _standing = standings.Of(Path.GetFileName(path), status, message)
                ?? new Standing(status?.Word() ?? "missing", message);
            _result = _run?.Status == RunStatus.Finished
                ? StatusFile.TryRead(RunFolder.Open(path).ResultFile)
                : null;
        }

        public TrialOutcome Of(SweepEntry entry)
        {
            var saes = _result.Field("saes") as JsonArray;
            var sae = saes is null ? _result : saes.ElementAtOrDefault(entry.Sae);
            var seconds = sae.Field("timing").Field("seconds").Number(TimedParts.Step);
            return new TrialOutcome(
                entry,
                _run?.Status,
                _standing.Word,
                _standing.Message,
                sae is null ? None : ScoresOf(sae.Field("evaluation")),
                sae.Field("training").Number("samples") / seconds);
        }

        private static Dictionary<ScoredForm, Scores> ScoresOf(JsonNode? evaluation) =>
            ScoredForm.All
                .Where(form => evaluation.Field(form.Key) is JsonObject)
                .ToDictionary(
                    form => form,
                    form => Runs.Scores.OfJson((JsonObject)evaluation.Field(form.Key)!));
    }
}
