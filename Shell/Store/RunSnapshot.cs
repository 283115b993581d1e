using System.Text.Json.Nodes;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Settings;

namespace SynthSae.Store;

/// <summary>
/// What a run was doing at one moment: the content of <c>status.json</c>. What is not known is NaN,
/// or -1.
/// </summary>
internal sealed record RunSnapshot
{
    /// <summary>
    /// Where it stands; see <see cref="RunTruth"/> for what a reader may believe.
    /// </summary>
    public RunStatus Status { get; init; }

    /// <summary>
    /// What it is doing: world, activations, training, evaluation; empty for nothing.
    /// </summary>
    public string Phase { get; init; } = "";

    /// <summary>The same in words.</summary>
    public string What { get; init; } = "";

    /// <summary>Steps taken.</summary>
    public long Step { get; init; }

    /// <summary>Steps to take.</summary>
    public long Steps { get; init; }

    /// <summary>Samples seen.</summary>
    public long Samples { get; init; }

    /// <summary>Of training over the last seconds; NaN in other phases.</summary>
    public double SamplesPerSecond { get; init; } = double.NaN;

    /// <summary>Until the last step.</summary>
    public double SecondsLeft { get; init; } = double.NaN;

    /// <summary>Share of the samples of a scoring that are done, from 0 to 1.</summary>
    public double ScoringShare { get; init; }

    /// <summary>The SAEs, in the order of the specification.</summary>
    public IReadOnlyList<SaeFigures> Saes { get; init; } = [];

    /// <summary>Where it computes: cpu, cuda:0, …</summary>
    public string? Device { get; init; }

    /// <summary>Threads that it computes with.</summary>
    public int Threads { get; init; }

    /// <summary>The machine's name; null before it has run.</summary>
    public string? Host { get; init; }

    /// <summary>Tells starts of a machine's kernel apart.</summary>
    public string? Boot { get; init; }

    /// <summary>The process; 0 before it has run.</summary>
    public int Pid { get; init; }

    /// <summary>When the run was made (UTC).</summary>
    public DateTime Created { get; init; }

    /// <summary>When this sitting began (UTC); null before the first.</summary>
    public DateTime? Started { get; init; }

    /// <summary>When this was written (UTC).</summary>
    public DateTime Updated { get; init; }

    /// <summary>Processor time of the process over time: 2 for two cores at work.</summary>
    public double CpuShare { get; init; } = double.NaN;

    /// <summary>Memory of the process.</summary>
    public long ResidentBytes { get; init; } = -1;

    /// <summary>Share of time at which the GPU was at work, from 0 to 1.</summary>
    public double GpuShare { get; init; } = double.NaN;

    /// <summary>GPU memory that is taken, by whomever.</summary>
    public long GpuBytes { get; init; } = -1;

    /// <summary>What there is to say of the status: an error, a request.</summary>
    public string? Message { get; init; }

    /// <summary>A run that has been made and waits.</summary>
    public static RunSnapshot Queued(RunPlan plan, AppSettings settings, DateTime created) =>
        new()
        {
            Status = RunStatus.Queued,
            Steps = plan.Steps,
            Saes = [.. plan.Saes.Select(SaeFigures.Of)],
            Device = settings.Device is { } device ? $"{device}" : "cpu",
            Threads = settings.Threads,
            Created = created,
            Updated = created,
        };

    /// <summary>As an object.</summary>
    public JsonObject ToJson() =>
        new()
        {
            ["schema"] = 1,
            ["status"] = Status.Word(),
            ["phase"] = Phase,
            ["what"] = What,
            ["step"] = Step,
            ["steps"] = Steps,
            ["samples"] = Samples,
            ["samples_per_second"] = Json.Number(SamplesPerSecond),
            ["seconds_left"] = Json.Number(SecondsLeft),
            ["scoring_share"] = Json.Number(ScoringShare),
            ["saes"] = new JsonArray([.. Saes.Select(sae => sae.ToJson())]),
            ["device"] = Device,
            ["threads"] = Threads,
            ["host"] = Host,
            ["boot"] = Boot,
            ["pid"] = Pid,
            ["created"] = Timestamps.Milliseconds(Created),
            ["started"] = Started is { } started ? Timestamps.Milliseconds(started) : null,
            ["updated"] = Timestamps.Milliseconds(Updated),
            ["cpu_share"] = Json.Number(CpuShare),
            ["resident_bytes"] = ResidentBytes < 0 ? null : ResidentBytes,
            ["gpu_share"] = Json.Number(GpuShare),
            ["gpu_bytes"] = GpuBytes < 0 ? null : GpuBytes,
            ["message"] = Message,
        };

    /// <summary>
    /// Read what <see cref="ToJson"/> wrote, by this version or another; null if it tells no
    /// status.
    /// </summary>
    public static RunSnapshot? OfJson(JsonObject json)
    {
        if (RunStatusWords.Find(json.Text("status")) is not { } status)
        {
            return null;
        }

        var share = json.Number("scoring_share");
        return new RunSnapshot
        {
            Status = status,
            Phase = json.Text("phase") ?? "",
            What = json.Text("what") ?? "",
            Step = json.Whole("step", 0),
            Steps = json.Whole("steps", 0),
            Samples = json.Whole("samples", 0),
            SamplesPerSecond = json.Number("samples_per_second"),
            SecondsLeft = json.Number("seconds_left"),
            ScoringShare = double.IsNaN(share) ? 0 : share,
            Saes = [.. (json.Field("saes") as JsonArray ?? []).Select(SaeFigures.OfJson)],
            Device = json.Text("device"),
            Threads = (int)json.Whole("threads", 0),
            Host = json.Text("host"),
            Boot = json.Text("boot"),
            Pid = (int)json.Whole("pid", 0),
            Created = json.Time("created") ?? default,
            Started = json.Time("started"),
            Updated = json.Time("updated") ?? default,
            CpuShare = json.Number("cpu_share"),
            ResidentBytes = json.Whole("resident_bytes", -1),
            GpuShare = json.Number("gpu_share"),
            GpuBytes = json.Whole("gpu_bytes", -1),
            Message = json.Text("message"),
        };
    }
}
