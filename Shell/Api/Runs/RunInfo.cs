using SynthSae.Api;
using SynthSae.Store;

namespace SynthSae;

/// <summary>A run as it stood when it was looked at; null is what is not known.</summary>
public sealed record RunInfo
{
    private readonly ValueList<RunSaeInfo> _saes;
    private readonly ValueList<string> _tags;

    private RunInfo(RunSummary run)
    {
        var snapshot = run.Snapshot;
        (Id, Folder, Name, Sweep, Seed) = (run.Id, run.Folder, run.Name, run.Sweep, run.Seed);
        (Status, Checkpoint) = (run.Status, run.Checkpoint);
        Activity = snapshot.What;
        (Step, Steps, Samples) = (snapshot.Step, snapshot.Steps, snapshot.Samples);
        SamplesPerSecond = RunSaeInfo.Known(snapshot.SamplesPerSecond);
        TimeLeft = RunSaeInfo.Known(snapshot.SecondsLeft) is { } seconds
            && seconds < TimeSpan.MaxValue.TotalSeconds
            ? TimeSpan.FromSeconds(seconds)
            : null;
        (Device, Host, Message) = (snapshot.Device, snapshot.Host, snapshot.Message);
        ProcessId = snapshot.Pid > 0 ? snapshot.Pid : null;
        (Created, Updated) = (snapshot.Created, snapshot.Updated);
        _saes = new(snapshot.Saes.Select(RunSaeInfo.Of));
        _tags = new(run.Labels.Tags);
        Note = run.Labels.Note;
    }
    /// <summary>The name of its folder.</summary>
    public string Id { get; }

    /// <summary>Full path of its folder.</summary>
    public string Folder { get; }

    /// <summary>The preset or specification that it came from.</summary>
    public string Name { get; }

    /// <summary>The sweep that it belongs to; null if to none.</summary>
    public string? Sweep { get; }

    /// <summary>Seed of weights and samples.</summary>
    public long Seed { get; }

    /// <summary>Where it stands; of a run whose process has died this says so.</summary>
    public RunStatus Status { get; }

    /// <summary>True while it waits or a process works on it.</summary>
    public bool IsGoingOn => Status is RunStatus.Queued or RunStatus.Running;

    /// <summary>What it is doing, in words; empty for nothing.</summary>
    public string Activity { get; }

    /// <summary>Steps taken.</summary>
    public long Step { get; }

    /// <summary>Steps to take.</summary>
    public long Steps { get; }

    /// <summary>Samples seen.</summary>
    public long Samples { get; }

    /// <summary>Of training over the last seconds.</summary>
    public double? SamplesPerSecond { get; }

    /// <summary>Until the last step.</summary>
    public TimeSpan? TimeLeft { get; }

    /// <summary>Steps after which the newest checkpoint was written.</summary>
    public long? Checkpoint { get; }

    /// <summary>Its SAEs, in the order of the specification.</summary>
    public IReadOnlyList<RunSaeInfo> Saes => _saes;

    /// <summary>Where it computes: cpu, cuda:0, …</summary>
    public string? Device { get; }

    /// <summary>The machine's name; null before it has run.</summary>
    public string? Host { get; }

    /// <summary>The process that works on it, or did last.</summary>
    public int? ProcessId { get; }

    /// <summary>When it was made (UTC).</summary>
    public DateTime Created { get; }

    /// <summary>When it last said something (UTC).</summary>
    public DateTime Updated { get; }

    /// <summary>What there is to say of the status: an error, a request.</summary>
    public string? Message { get; }

    /// <summary>Words to find it by, in the order of the alphabet.</summary>
    public IReadOnlyList<string> Tags => _tags;

    /// <summary>A remark; null for none.</summary>
    public string? Note { get; }

    internal static RunInfo Of(RunSummary run) => new(run);
}
