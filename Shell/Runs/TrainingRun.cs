using System.Collections.ObjectModel;
using System.Diagnostics;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using SynthSae.Compute;
using SynthSae.Compute.Files;
using SynthSae.Compute.Training;
using SynthSae.Core;
using SynthSae.Data;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Settings;
using SynthSae.Store;

namespace SynthSae.Runs;

/// <summary>
/// One training run from the specification to the scores: gets the data ready, trains the SAEs on
/// them, scores each on samples of their own, and records everything in the run folder.
/// Checkpoints let another process go on where this one ends, with the same results to the bit.
/// </summary>
internal sealed class TrainingRun
{
    private static readonly ReadOnlyDictionary<string, TimeSpan> None =
        ReadOnlyDictionary<string, TimeSpan>.Empty;

    private readonly RunStart _start;
    private readonly RunPlan _plan;
    private readonly RunData _source;
    private readonly AppSettings _settings;
    private readonly RunFolder _folder;
    private readonly RunState? _before;
    private readonly RunJournal _journal;
    private readonly RunControl _control;
    private readonly PhaseClock _clock;
    private readonly DataVariance _variance;
    private readonly HashSet<Trainee> _saturated = [];
    private readonly int _sittings;
    private long _lastCheckpoint = Stopwatch.GetTimestamp();
    private bool _isUnscored;

    private TrainingRun(RunStart start, RunJournal journal, RunControl control)
    {
        _control = control;
        _isUnscored = start.Resumption?.Run.IsUnscored ?? false;
        _start = start;
        (_plan, _settings, _folder) = (start.Plan, start.Settings, start.Folder);
        _source = RunData.Of(_plan, _settings);
        _journal = journal;
        _before = start.Resumption?.Run;
        _clock = new PhaseClock(_before?.Total ?? TimeSpan.Zero, _before?.Parts ?? None);
        _variance = new DataVariance(_before?.Variance ?? default);
        _sittings = 1 + (_before?.Sittings ?? 0);
    }

    /// <summary>
    /// Run it to the end. When <paramref name="stop"/> is requested, or somebody asks for it by
    /// <see cref="Controls"/>, the step in progress is finished, and a checkpoint and the SAEs are
    /// saved. All the while its folder says how it stands. A failure is recorded in the folder
    /// before it is thrown on.
    /// </summary>
    /// <exception cref="CrashException">A bug; its stack trace lies in the folder.</exception>
    public static RunEnd Execute(RunStart start, IRunObserver observer, CancellationToken stop)
    {
        var folder = start.Folder;
        using var status = new StatusWriter(start);
        using var events = new EventLog(folder.EventsFile);
        var journal = new RunJournal(events, new ObserverPair(status, observer));
        using var control = new RunControl(start, stop, journal.Note);
        try
        {
            var result = new TrainingRun(start, journal, control).Execute(status, control.Token);
            status.End(result.End, result.IsPartial ? double.NaN : result.SamplesPerSecond);
            return new RunEnd(result.End, result);
        }
        catch (OperationCanceledException)
        {
            events.Append(control.End.Word());
            status.End(control.End, double.NaN);
            return new RunEnd(control.End, null);
        }
        catch (Exception error)
        {
            var bug = !ErrorReport.IsBadInput(error);
            var recorded = Record(error, bug, folder, events);
            status.Fail(error.Message);
            if (recorded && bug)
            {
                throw new CrashException(folder.CrashFile, error);
            }

            throw;
        }
    }

    // False where the folder cannot be written to; the error itself matters more than that.
    private static bool Record(Exception error, bool bug, RunFolder folder, EventLog events)
    {
        try
        {
            events.Append(EventNames.Failed, ("bug", bug), ("message", error.Message));
            if (bug)
            {
                Files.WriteText(folder.CrashFile, $"{error}\n");
            }

            return true;
        }
        catch (Exception second) when (ErrorReport.IsBadInput(second))
        {
            return false;
        }
    }

    private RunResult Execute(StatusWriter status, CancellationToken stop)
    {
        _journal.Start(_start, _before?.Saes[0].Last ?? default);
        var gpu = _settings.Gpu();
        if (gpu is not null)
        {
            _journal.Note($"on {GpuDescription.Words(gpu)}");
            status.On(gpu);
        }

        var memory = new MemoryCheck(_plan, gpu, !_start.ForceMemory, _journal);
        var isKnown = memory.Before();
        using var data = LoadData(stop);
        if (!isKnown)
        {
            memory.Check(data.Features?.Rows ?? 0, data.Dim);
        }

        var saes = MakeTrainees(data);
        var scoring = new RunScoring(_start, data, _clock, _journal);
        var complete = Train(saes, scoring, data, stop);
        if (saes[0].Last.Step == 0)
        {
            throw new OperationCanceledException(stop);
        }

        return Conclude(saes, scoring, data, complete, stop);
    }

    private RunResult Conclude(
        IReadOnlyList<Trainee> saes,
        RunScoring scoring,
        IRunData data,
        bool complete,
        CancellationToken stop)
    {
        // How SAEs are pruned is found out where there is someone to ask.
        var pruning = complete ? scoring.DecidePruning(saes, stop) : null;
        if (pruning is null)
        {
            WriteCheckpoint(saes, data);
        }

        var saved = saes.Select((sae, i) => (sae, Save(sae, pruning?[i]))).ToList();
        var final = pruning is not null && _plan.Spec.Value.Evaluation.Final;
        var scores = final ? scoring.All(saved, stop) : null;
        if (final && scores is null)
        {
            WriteCheckpoint(saes, data);
        }

        var isPartial = pruning is null || (final && scores is null);
        return Finish(saved, scores, isPartial ? _control.End : RunStatus.Finished);
    }

    private RunResult Finish(
        IReadOnlyList<(Trainee Trainee, Pruning? Pruning)> saes,
        IReadOnlyList<RunScores>? scores,
        RunStatus end)
    {
        _clock.Stop();
        var results = saes.Select((sae, index) =>
            new SaeResult(sae.Trainee.Plan, sae.Trainee.State, scores?[index], sae.Pruning));
        var result = new RunResult(_plan, _folder, [.. results], _clock, _sittings, end);
        RunFolder.WriteJson(_folder.ResultFile, result.ToJson());
        if (!result.IsPartial)
        {
            _journal.Attempt("the checkpoints stay", () =>
                CheckpointModule.removeAll(_folder.CheckpointsFolder));
        }

        _journal.Log(end.Word(), ("seconds", Json.Seconds(_clock.Total)));
        return result;
    }

    private IRunData LoadData(CancellationToken stop)
    {
        _journal.Begin(_source.Phase, _source.Words);
        var data = _clock.Measure(
            _source.Event, () => Stoppable.Wait(_source.Load, stop));
        var seconds = Json.Seconds(_clock[_source.Event]);
        _journal.Log(_source.Event, [.. data.Facts, ("seconds", seconds)]);
        foreach (var warning in data.Notes)
        {
            _journal.Note(warning);
        }

        return data;
    }

    private IReadOnlyList<Trainee> MakeTrainees(IRunData data)
    {
        if (_before is { } before && before.Data != data.Checksum)
        {
            throw Failure.BadInput(data.Name, "does not hold the data that the run began with");
        }

        return [.. _plan.Saes.Select(Make)];

        Trainee Make(SaePlan sae)
        {
            var trainer = new Trainer(
                _settings.Backend(), sae.Spec, data.Dim, OptionModule.OfObj(data.Features));
            if (_start.Resumption is { } from)
            {
                trainer.Restore(from.Training[sae.Index]);
            }

            return new Trainee(sae, trainer, _before?.Saes[sae.Index]);
        }
    }

    // False if it was stopped before all samples were seen.
    private bool Train(
        IReadOnlyList<Trainee> saes, RunScoring scoring, IRunData data, CancellationToken stop)
    {
        _journal.Begin(RunPhase.Training, $"{Counts.Exact(_plan.Steps)} steps");
        var extra = new ExtraSamples(data, _plan, _journal);
        _clock.Measure(TimedParts.Sample, () => Each(saes, sae => extra.Scale(sae, stop)));
        var done = saes[0].Last.Step;
        using var feed = data.Feed(_plan.BatchSize, done * _plan.BatchSize);
        var evaluateEvery = _plan.Spec.Value.Evaluation.Frequency;
        if (_isUnscored && !Evaluate(saes, scoring, stop))
        {
            return false;
        }

        for (var step = done + 1; step <= _plan.Steps; step++)
        {
            if (stop.IsCancellationRequested)
            {
                CatchUp(saes);
                return false;
            }

            var now = step;
            _clock.Measure(TimedParts.Step, () => Each(saes, sae => extra.Resample(sae, now)));
            Step(saes, step, _clock.Measure(TimedParts.Sample, feed.Next));

            if (evaluateEvery > 0 && step % evaluateEvery == 0 && step < _plan.Steps)
            {
                CatchUp(saes);
                if (!Evaluate(saes, scoring, stop))
                {
                    return false;
                }
            }

            if (_settings.Checkpoints.IsDue(step, Stopwatch.GetElapsedTime(_lastCheckpoint))
                || _control.TakeCheckpoint())
            {
                CatchUp(saes);
                WriteCheckpoint(saes, data);
            }
        }

        CatchUp(saes);
        return true;
    }

    // False if it was stopped; it is then made up for by whoever goes on.
    private bool Evaluate(
        IReadOnlyList<Trainee> saes, RunScoring scoring, CancellationToken stop)
    {
        _isUnscored = !scoring.Between(saes, stop);
        return !_isUnscored;
    }

    private void Step(IReadOnlyList<Trainee> saes, long step, Batch x)
    {
        _variance.See(step, x);
        _clock.Measure(TimedParts.Step, () => Each(saes, sae => sae.Step(x)));
        TakeReports(saes);
    }

    // Until every step that was begun has been reported.
    private void CatchUp(IReadOnlyList<Trainee> saes)
    {
        _clock.Measure(TimedParts.Step, () => Each(saes, sae => sae.Finish()));
        TakeReports(saes);
    }

    // Steps are told of when all SAEs have reported them.
    private void TakeReports(IReadOnlyList<Trainee> saes)
    {
        for (var left = saes.Min(sae => sae.Reported); left > 0; left--)
        {
            Each(saes, sae => sae.Take(_plan.Steps, _variance.Value.Mean));
            if (left == 1)
            {
                // Of steps that are reported together the last one tells how far the run is.
                _journal.Observer.Step([.. saes.Select(sae => sae.Last)]);
            }

            Each(saes.Where(sae => sae.Last.IsSaturated && _saturated.Add(sae)), NoteSaturation);
            var step = saes[0].Last.Step;
            if (step % _settings.LogEvery == 0 || step == 1 || step == _plan.Steps)
            {
                Each(saes, sae => _journal.LogStep(sae.Plan, sae.Last, _clock.Total));
            }
        }
    }

    private void NoteSaturation(Trainee sae) =>
        _journal.NoteOf(
            sae.Plan,
            $"the coefficient has been moved to {Numbers.Short(sae.Last.Coefficient)} and goes no "
                + $"further: an L0 of {Numbers.Short(sae.Plan.K)} is out of reach");

    private static void Each(IEnumerable<Trainee> saes, Action<Trainee> work)
    {
        foreach (var sae in saes)
        {
            work(sae);
        }
    }

    // A run goes on without: a full disk may have room again by the time it ends.
    private void WriteCheckpoint(IReadOnlyList<Trainee> saes, IRunData data)
    {
        var state = new RunState(
            [.. saes.Select(sae => sae.State)],
            _variance.Value,
            _clock.Total,
            _clock.Parts,
            _sittings,
            data.Checksum)
        {
            IsUnscored = _isUnscored,
        };
        var last = saes[0].Last;
        _journal.Attempt("a checkpoint is missing", () =>
        {
            var checkpoint = new Checkpoint(
                ListModule.OfSeq(saes.Select(sae => sae.Trainer.State())), state.ToJson());
            _clock.Measure(TimedParts.Checkpoints, () => CheckpointModule.write(
                _folder.CheckpointsFolder, _settings.Checkpoints.Keep, checkpoint));
            _journal.Log("checkpoint", ("step", last.Step), ("samples", last.Samples));
        });
        _lastCheckpoint = Stopwatch.GetTimestamp();
    }

    private Pruning? Save(Trainee trainee, Pruning? pruning)
    {
        var (plan, last) = (trainee.Plan, trainee.Last);
        _clock.Measure(
            TimedParts.Saving,
            () => SavedSaes.Write(
                _folder.SaeFolder(plan), trainee.Trainer.Export(), pruning, plan, last));
        _journal.Log(
            "saved", ("sae", plan.Index), ("step", last.Step), ("samples", last.Samples));
        return pruning;
    }
}
