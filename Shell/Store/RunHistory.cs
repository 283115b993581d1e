using System.Text.Json.Nodes;
using SynthSae.Formatting;
using SynthSae.Runs;

namespace SynthSae.Store;

/// <summary>
/// What a run's log tells, read as it grows. Steps that were taken again after an interruption
/// stand there once. Not to be used by several threads at once.
/// </summary>
internal sealed class RunHistory
{
    private readonly LineTail _tail;
    private readonly Dictionary<(string Name, int Sae), MetricSeries> _series = [];
    private readonly List<RunMarker> _markers = [];
    private readonly List<RunLine> _lines = [];
    private readonly List<RunPhaseStart> _phases = [];
    private long _step;
    private long _samples;

    /// <summary>The log of a run's folder; nothing is read yet.</summary>
    public RunHistory(RunFolder folder) => _tail = new LineTail(folder.EventsFile);

    /// <summary>Metrics in the order in which they first occurred.</summary>
    public IReadOnlyCollection<MetricSeries> Series => _series.Values;

    /// <summary>Evaluations, checkpoints, resumptions and the like, in their order.</summary>
    public IReadOnlyList<RunMarker> Markers => _markers;

    /// <summary>The log in words, without steps.</summary>
    public IReadOnlyList<RunLine> Lines => _lines;

    /// <summary>Phases in their order.</summary>
    public IReadOnlyList<RunPhaseStart> Phases => _phases;

    /// <summary>Steps to take; 0 if that is not known.</summary>
    public long Steps { get; private set; }

    /// <summary>How many SAEs there are.</summary>
    public int Saes { get; private set; } = 1;

    /// <summary>A metric of an SAE; null if the log has none of that name.</summary>
    public MetricSeries? Find(string name, int sae = 0) => _series.GetValueOrDefault((name, sae));

    /// <summary>
    /// Take what was appended since; true if there was anything. Half a line at the end is left for
    /// later, and a log that has been cut is read anew.
    /// </summary>
    public bool Read()
    {
        var lines = _tail.Read(out var restarted);
        if (restarted)
        {
            Forget();
        }

        foreach (var line in lines)
        {
            if (Json.TryObject(line) is { } json)
            {
                Take(json);
            }
        }

        return restarted || lines.Count > 0;
    }

    private void Take(JsonObject json)
    {
        var name = json.Text("event") ?? "";
        var time = json.Time("time") ?? default;
        if (name == "step")
        {
            TakeStep(json);
            return;
        }

        if (EventText.Of(json) is { } text)
        {
            _lines.Add(new RunLine(time, name, text));
        }

        switch (name)
        {
            case EventNames.Started:
                Begin(json);
                break;
            case EventNames.Resumed:
                Resume(json);
                Mark(json, name, time);
                break;
            case "phase":
                _phases.Add(new RunPhaseStart(json.Text("phase") ?? "", time));
                break;
            case "evaluation":
                TakeScores(json);
                Mark(json, name, time);
                break;
            case "checkpoint" or "resampled" or "note" or EventNames.Paused or EventNames.Stopped:
                Mark(json, name, time);
                break;
        }
    }

    private void TakeStep(JsonObject json)
    {
        _step = json.Whole("step", 0);
        _samples = json.Whole("samples", 0);
        foreach (var (field, value) in json)
        {
            switch (value)
            {
                case JsonValue when field is
                    "time" or "event" or "sae" or "step" or "samples" or "seconds":
                    break;
                case JsonObject inner:
                    foreach (var (term, _) in inner)
                    {
                        Add(json, $"{field}.{term}", inner.Number(term));
                    }

                    break;
                case JsonValue:
                    Add(json, field, json.Number(field));
                    break;
            }
        }
    }

    private void TakeScores(JsonObject json)
    {
        // Names of their own: training has an explained variance, too.
        var prefix = json.Text("form") is { } form and not "training" ? form : "eval";
        foreach (var (metric, value) in json.Field("metrics") as JsonObject ?? [])
        {
            if (value is JsonObject)
            {
                Add(json, $"{prefix}.{metric}", value.Number("value"));
            }
        }
    }

    private void Add(JsonObject json, string name, double value)
    {
        if (double.IsNaN(value))
        {
            return; // there is none, as of k where a coefficient decides
        }

        var sae = (int)json.Whole("sae", 0);
        if (!_series.TryGetValue((name, sae), out var series))
        {
            _series[(name, sae)] = series = new MetricSeries(name, sae);
        }

        series.Add(new MetricPoint(json.Whole("step", _step), SamplesAt(json), value));
    }

    private void Mark(JsonObject json, string name, DateTime time) =>
        _markers.Add(new RunMarker(
            name,
            json.Whole("step", _step),
            SamplesAt(json),
            time,
            (int)json.Whole("sae", -1),
            EventText.Of(json) ?? name));

    // Every step has as many samples as the others.
    private long SamplesAt(JsonObject json) =>
        json.Whole("samples", _step == 0 ? 0 : json.Whole("step", _step) * (_samples / _step));

    private void Begin(JsonObject json)
    {
        _series.Clear();
        _markers.Clear();
        (_step, _samples) = (0, 0);
        Steps = json.Whole("steps", 0);
        Saes = (int)json.Whole("saes", 1);
    }

    // What came after the checkpoint was lost.
    private void Resume(JsonObject json)
    {
        (_step, _samples) = (json.Whole("step", 0), json.Whole("samples", 0));
        Steps = json.Whole("steps", Steps);
        Saes = (int)json.Whole("saes", Saes);
        foreach (var series in _series.Values)
        {
            series.Cut(_step);
        }

        _markers.RemoveAll(marker => marker.Step > _step);
    }

    private void Forget()
    {
        _series.Clear();
        _markers.Clear();
        _lines.Clear();
        _phases.Clear();
        (_step, _samples, Steps, Saes) = (0, 0, 0, 1);
    }
}
