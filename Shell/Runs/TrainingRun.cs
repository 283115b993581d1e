using System.Collections.ObjectModel;
using System.Diagnostics;
using System.Text.Json.Nodes;
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

namespace SynthSae.Runs;

/// <summary>
/// One training run from the specification to the scores: gets the data ready, trains on
/// them, scores the SAE on samples of their own, and records everything in the run folder.
/// Checkpoints let another process go on where this one ends, with the same results to the bit.
/// </summary>
public sealed class TrainingRun
{
    private static readonly ReadOnlyDictionary<string, TimeSpan> None =
        ReadOnlyDictionary<string, TimeSpan>.Empty;

    private readonly RunPlan _plan;
    private readonly RunData _source;
    private readonly AppSettings _settings;
    private readonly RunFolder _folder;
    private readonly Resumption? _resumption;
    private readonly IRunObserver _observer;
    private readonly EventLog _events;
    private readonly PhaseClock _clock;
    private readonly StepReports _reports;
    private readonly int _sittings;
    private StepProgress _last;
    private bool _saturated;
    private long _lastCheckpoint = Stopwatch.GetTimestamp();

    private TrainingRun(RunStart start, IRunObserver observer, EventLog events)
    {
        (_plan, _settings, _folder) = (start.Plan, start.Settings, start.Folder);
        _source = RunData.Of(_plan, _settings);
        _resumption = start.Resumption;
        _observer = observer;
        _events = events;
        var before = _resumption?.Run;
        _clock = new PhaseClock(before?.Total ?? TimeSpan.Zero, before?.Parts ?? None);
        _reports = new StepReports(_plan, before);
        _sittings = 1 + (before?.Sittings ?? 0);
        _last = before?.Last ?? default;
    }

    /// <summary>
    /// Run it to the end. When <paramref name="stop"/> is requested, the step in progress is
    /// finished, and a checkpoint and the SAE are saved. A failure is recorded in the folder before it is thrown on.
    /// </summary>
    /// <exception cref="CrashException">A bug; its stack trace lies in the folder.</exception>
    public static RunResult Execute(
        RunStart start, IRunObserver observer, CancellationToken stop)
    {
        var folder = start.Folder;
        using var events = new EventLog(folder.EventsFile);
        try
        {
            return new TrainingRun(start, observer, events).Execute(stop);
        }
        catch (OperationCanceledException)
        {
            events.Append("interrupted");
            throw;
        }
        catch (Exception error)
        {
            var bug = !ErrorReport.IsBadInput(error);
            if (Record(error, bug, folder, events) && bug)
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
            events.Append("failed", ("bug", bug), ("message", error.Message));
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

    private RunResult Execute(CancellationToken stop)
    {
        Announce();
        using var data = LoadData(stop);
        var trainer = MakeTrainer(data);
        var complete = Train(trainer, data, stop);
        if (_last.Step == 0)
        {
            throw new OperationCanceledException(stop);
        }

        if (!complete)
        {
            WriteCheckpoint(trainer, data);
        }

        var saved = trainer.Export();
        var pruning = complete ? DecidePruning(saved, data) : null;
        Save(saved, pruning);
        var final = _plan.Spec.Value.Evaluation.Final;
        var scores =
            complete && final ? ScoreForms(trainer.Sae, saved, pruning, data, stop) : null;
        var interrupted = !complete || (final && scores is null);
        if (complete && interrupted)
        {
            WriteCheckpoint(trainer, data);
        }

        _clock.Stop();
        var result = new RunResult(
            _plan,
            _folder,
            _last,
            scores,
            pruning,
            _clock,
            _reports.Parts(trainer),
            _sittings,
            interrupted);
        RunFolder.WriteJson(_folder.ResultFile, result.ToJson());
        if (!interrupted)
        {
            Attempt("the checkpoints stay", () =>
                CheckpointModule.removeAll(_folder.CheckpointsFolder));
        }

        var end = interrupted ? "interrupted" : "finished";
        _events.Append(end, ("seconds", Json.Seconds(_clock.Total)));
        return result;
    }

    private void Announce()
    {
        if (_resumption is null)
        {
            _events.Append("started", ("run", _folder.Id), ("steps", _plan.Steps));
            return;
        }

        _events.Append(
            "resumed",
            ("run", _folder.Id),
            ("steps", _plan.Steps),
            ("step", _last.Step),
            ("samples", _last.Samples),
            ("threads", _settings.Threads));
        foreach (var note in _resumption.Notes)
        {
            Note(note);
        }

        Note($"goes on after step {Counts.Exact(_last.Step)}");
    }

    private Trainer MakeTrainer(IRunData data)
    {
        var trainer = new Trainer(
            _settings.Backend(), _plan.Spec, data.Dim, OptionModule.OfObj(data.Features));
        if (_resumption is { } from)
        {
            if (from.Run.Data != data.Checksum)
            {
                throw Failure.BadInput(data.Name, "does not hold the data that the run began with");
            }

            trainer.Restore(from.Training);
        }

        return trainer;
    }

    private IRunData LoadData(CancellationToken stop)
    {
        Begin(_source.Phase, _source.Words);
        var data = _clock.Measure(
            _source.Event, () => Stoppable.Wait(_source.Load, stop));
        var seconds = Json.Seconds(_clock[_source.Event]);
        _events.Append(_source.Event, [.. data.Facts, ("seconds", seconds)]);
        foreach (var warning in data.Notes)
        {
            Note(warning);
        }

        return data;
    }

    // False if it was stopped before all samples were seen.
    private bool Train(Trainer trainer, IRunData data, CancellationToken stop)
    {
        Begin(RunPhase.Training, $"{Counts.Exact(_plan.Steps)} steps");
        var batches = data.TrainingBatches();
        var extra = new ExtraSamples(data, _plan, _events);
        if (_clock.Measure(TimedParts.Sample, () => extra.Scale(trainer, stop)) is { } scaled)
        {
            Note(scaled);
        }

        var x = new Matrix(_plan.BatchSize, data.Dim);
        var evaluateEvery = _plan.Spec.Value.Evaluation.Frequency;

        for (var step = _last.Step + 1; step <= _plan.Steps; step++)
        {
            if (stop.IsCancellationRequested)
            {
                return false;
            }

            var now = step;
            _clock.Measure(TimedParts.Step, () => extra.Resample(trainer, now));
            var first = (step - 1) * _plan.BatchSize;
            _clock.Measure(TimedParts.Sample, () => batches.Fill(first, x));
            var report = _clock.Measure(TimedParts.Step, () => trainer.Step(x));
            Report(_reports.Read(report, x));

            if (evaluateEvery > 0 && step % evaluateEvery == 0 && step < _plan.Steps)
            {
                EvaluateBetween(step, trainer, data);
            }

            if (_settings.Checkpoints.IsDue(step, Stopwatch.GetElapsedTime(_lastCheckpoint)))
            {
                WriteCheckpoint(trainer, data);
            }
        }

        return true;
    }

    private void Report(StepProgress progress)
    {
        _last = progress;
        _observer.Step(progress);
        var step = progress.Step;
        if (progress.IsSaturated && !_saturated)
        {
            _saturated = true;
            Note($"the coefficient has been moved to {Numbers.Short(progress.Coefficient)} and "
                + $"goes no further: an L0 of {Numbers.Short(_plan.K)} is out of reach");
        }

        if (step % _settings.LogEvery != 0 && step != 1 && step != _plan.Steps)
        {
            return;
        }

        _events.Append(
            "step",
            ("step", step),
            ("samples", _last.Samples),
            ("loss", Json.Number(_last.Loss)),
            ("mse", Json.Number(_last.Mse)),
            ("losses", Json.Numbers(_last.Terms)),
            ("l0", Json.Number(_last.L0)),
            ("k", Json.Number(_last.K)),
            ("coefficient", Json.Number(_last.Coefficient)),
            ("explained_variance", Json.Number(_last.R2)),
            ("dead_latents", _last.Dead),
            ("lr", Json.Number(_last.Lr)),
            ("seconds", Json.Seconds(_clock.Total)));
    }

    private void EvaluateBetween(long step, Trainer trainer, IRunData data)
    {
        var samples = _plan.Spec.Value.Evaluation.IntermediateSamples;
        var scored = Score(Pruning.Apply(null, trainer.Sae), data, samples, _ => { });
        _observer.Evaluated(step, scored.Scores);
        LogScores("training", step, scored.Scores);
    }

    // A run goes on without: a full disk may have room again by the time it ends.
    private void WriteCheckpoint(Trainer trainer, IRunData data)
    {
        var state = new RunState(
            _last,
            _reports.Variance,
            _clock.Total,
            _clock.Parts,
            _reports.Parts(trainer),
            _sittings,
            data.Checksum);
        Attempt("a checkpoint is missing", () =>
        {
            var checkpoint = new Checkpoint(
                ListModule.Singleton(trainer.State()), state.ToJson());
            _clock.Measure(TimedParts.Checkpoints, () => CheckpointModule.write(
                _folder.CheckpointsFolder, _settings.Checkpoints.Keep, checkpoint));
            _events.Append("checkpoint", ("step", _last.Step), ("samples", _last.Samples));
        });
        _lastCheckpoint = Stopwatch.GetTimestamp();
    }

    private void Attempt(string otherwise, Action work)
    {
        try
        {
            work();
        }
        catch (Exception error) when (ErrorReport.IsBadInput(error))
        {
            Note($"{otherwise}: {error.Message}");
        }
    }

    // Null if that is not asked for.
    private Pruning? DecidePruning(Sae sae, IRunData data)
    {
        var pruning =
            Pruning.Decide(_plan.Spec.Value.Evaluation.Pruning, null, () => FindPruning(sae, data));
        if (pruning is not null)
        {
            _events.Append(
                "pruning",
                [.. pruning.ToJson().Select(field => (field.Key, field.Value?.DeepClone()))]);
        }

        return pruning;
    }

    private Pruning FindPruning(Sae sae, IRunData data)
    {
        var most = PruningThreshold.DefaultSamples;
        _observer.Phase(RunPhase.Evaluation, "looking for the pruning threshold");
        return _clock.Measure(TimedParts.Evaluation, () => Pruning.Find(
            _settings,
            sae,
            data.TrainingBatches(),
            most,
            _plan.BatchSize,
            done => _observer.Scoring(done, most)));
    }

    private void Save(Sae sae, Pruning? pruning)
    {
        _clock.Measure(
            TimedParts.Saving,
            () => SavedSaes.Write(_folder.SaeFolder, sae, pruning, _plan, _last));
        _events.Append("saved", ("step", _last.Step), ("samples", _last.Samples));
    }

    // Null if it was stopped.
    private RunScores? ScoreForms(
        Sae trained, Sae saved, Pruning? pruning, IRunData data, CancellationToken stop)
    {
        var samples = data.ScoredSamples(_plan.Spec.Value.Evaluation.Samples);
        var prunes = pruning?.Threshold is not null;
        Begin(
            RunPhase.Evaluation,
            $"{Counts.Exact(samples)} samples, as trained"
                + (prunes ? ", as saved and pruned" : " and as saved"));
        var (scored, forms) = (0, prunes ? 3 : 2);
        try
        {
            var training = Form("training", Pruning.Apply(null, trained));
            var inference = Form("saved", Pruning.Apply(null, saved));
            Files.WriteText(_folder.LatentsFile, inference.LatentTable);
            SavedSaes.WriteSparsity(_folder.SaeFolder, inference.FiringRates);
            var pruned = prunes ? Form("pruned", Pruning.Apply(pruning, saved)).Scores : null;
            return new RunScores(training.Scores, inference.Scores, pruned);
        }
        catch (OperationCanceledException)
        {
            return null;
        }

        Scoring.Scored Form(string name, Inference inference)
        {
            var before = samples * scored++;
            var form = Score(inference, data, samples, done => Hear(before + done));
            LogScores(name, _last.Step, form.Scores);
            return form;
        }

        void Hear(long done)
        {
            stop.ThrowIfCancellationRequested();
            _observer.Scoring(done, forms * samples);
        }
    }

    private Scoring.Scored Score(
        Inference sae, IRunData data, long samples, Action<long> progress) =>
        _clock.Measure(
            TimedParts.Evaluation,
            () => data.Score(sae, samples, _plan.BatchSize, progress));

    private void LogScores(string form, long step, Scores scores) =>
        _events.Append("evaluation", ("form", form), ("step", step), ("metrics", scores.ToJson()));

    private void Begin(RunPhase phase, string what)
    {
        _events.Append("phase", ("phase", phase.ToString().ToLowerInvariant()));
        _observer.Phase(phase, what);
    }

    private void Note(string text)
    {
        _events.Append("note", ("text", JsonValue.Create(text)));
        _observer.Note(text);
    }
}
