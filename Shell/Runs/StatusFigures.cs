using SynthSae.Compute.Cuda;
using SynthSae.Core;
using SynthSae.Progress;
using SynthSae.Store;

namespace SynthSae.Runs;

/// <summary>The figures of a run's status; written by the run's thread, read by another.</summary>
internal sealed class StatusFigures
{
    private readonly Lock _lock = new();
    private readonly SaeFigures[] _saes;
    private readonly ProcessLoad _load = new();
    private RunSnapshot _base;
    private GpuMeter? _gpu;
    private IReadOnlyList<StepProgress> _last;

    public StatusFigures(RunStart start)
    {
        var folder = start.Folder;
        var before = StatusFile.Read(folder);
        var state = start.Resumption?.Run;
        _last = state is null ? [] : [.. state.Saes.Select(sae => sae.Last)];
        _saes = [.. start.Plan.Saes.Select(sae => Scored(sae, before, Steps))];
        _base = RunSnapshot.Queued(start.Plan, start.Settings, Created(folder)) with
        {
            Status = RunStatus.Running,
            Host = ThisHost.Name,
            Boot = ThisHost.Boot,
            Pid = Environment.ProcessId,
            Started = DateTime.UtcNow,
        };
    }

    /// <summary>The last step of every SAE.</summary>
    public IReadOnlyList<StepProgress> Last
    {
        set
        {
            lock (_lock)
            {
                _last = value;
            }
        }
    }

    /// <summary>The GPU that the run computes on.</summary>
    public Gpu Gpu
    {
        set
        {
            var meter = GpuMeter.Of(value);
            lock (_lock)
            {
                _gpu = meter;
                _base = _base with { Device = $"cuda:{value.Info.Index}" };
            }
        }
    }

    /// <summary>An SAE was scored as it is trained.</summary>
    public void Score(SaePlan sae, long step, Scores scores)
    {
        double Value(string name) =>
            scores.Metrics.FirstOrDefault(metric => metric.Name == name)?.Value ?? double.NaN;
        lock (_lock)
        {
            _saes[sae.Index] = _saes[sae.Index] with
            {
                F1 = Value(MetricNames.F1),
                Mcc = Value(MetricNames.Mcc),
                ScoredAtStep = step,
            };
        }
    }

    /// <summary>All of it at this moment.</summary>
    public RunSnapshot Now(ProgressState? progress)
    {
        lock (_lock)
        {
            var training = progress is { Phase: RunPhase.Training } ? progress.Training : null;
            var smooth = progress?.Training?.Saes ?? _last;
            return _base with
            {
                Phase = progress?.Phase.Word() ?? "",
                What = progress?.What ?? "",
                Step = Steps,
                Samples = _last.Count > 0 ? _last[0].Samples : 0,
                SamplesPerSecond = Rounded(training?.SamplesPerSecond),
                SecondsLeft = Rounded(training?.SecondsLeft),
                ScoringShare = progress?.Scored ?? 0,
                Saes = [.. _saes.Select((sae, i) => i < smooth.Count ? With(sae, smooth[i]) : sae)],
                Updated = DateTime.UtcNow,
                CpuShare = _load.TakeCpuShare(),
                ResidentBytes = ProcessLoad.ResidentBytes,
                GpuShare = _gpu?.Share ?? double.NaN,
                GpuBytes = _gpu?.Bytes ?? -1,
            };
        }
    }

    private long Steps => _last.Count > 0 ? _last[0].Step : 0;

    // Scores of before hold as long as the run has not gone back behind them.
    private static SaeFigures Scored(SaePlan sae, RunSnapshot? before, long step)
    {
        var fresh = SaeFigures.Of(sae);
        return before?.Saes.ElementAtOrDefault(sae.Index) is { } old
            && old.ScoredAtStep >= 0
            && old.ScoredAtStep <= step
                ? fresh with { F1 = old.F1, Mcc = old.Mcc, ScoredAtStep = old.ScoredAtStep }
                : fresh;
    }

    private static SaeFigures With(SaeFigures sae, StepProgress step) =>
        sae with { Loss = step.Loss, L0 = step.L0, R2 = step.R2, Dead = step.Dead };

    private static double Rounded(double? value) =>
        value is { } number && double.IsFinite(number) && number >= 0
            ? Math.Round(number, 1)
            : double.NaN;

    private static DateTime Created(RunFolder folder) =>
        StatusFile.TryRead(folder.RunFile).Time("created") ?? DateTime.UtcNow;
}
