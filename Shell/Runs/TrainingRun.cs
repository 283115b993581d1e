using System.Text.Json.Nodes;
using SynthSae.Compute;
using SynthSae.Compute.Training;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Settings;

namespace SynthSae.Runs;

/// <summary>
/// One training run from the specification to the scores: makes the world, trains on its samples,
/// scores the SAE on samples of their own, and records everything in the run folder.
/// </summary>
public sealed class TrainingRun
{
    private readonly RunPlan _plan;
    private readonly AppSettings _settings;
    private readonly RunFolder _folder;
    private readonly IRunObserver _observer;
    private readonly EventLog _events;
    private readonly PhaseClock _clock = new();
    private readonly StepReports _reports;
    private StepProgress _last;

    private TrainingRun(
        RunPlan plan,
        AppSettings settings,
        RunFolder folder,
        IRunObserver observer,
        EventLog events)
    {
        _plan = plan;
        _settings = settings;
        _folder = folder;
        _observer = observer;
        _events = events;
        _reports = new StepReports(plan);
    }

    /// <summary>
    /// Run it to the end. When <paramref name="stop"/> is requested, the step in progress is
    /// finished and the SAE saved. A failure is recorded in the folder before it is thrown on.
    /// </summary>
    /// <exception cref="CrashException">A bug; its stack trace lies in the folder.</exception>
    public static RunResult Execute(
        RunPlan plan,
        AppSettings settings,
        RunFolder folder,
        IRunObserver observer,
        CancellationToken stop)
    {
        RunFolder.WriteJson(folder.RunFile, RunDescription.Of(plan, settings));
        using var events = new EventLog(folder.EventsFile);
        try
        {
            return new TrainingRun(plan, settings, folder, observer, events).Execute(stop);
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
        _events.Append("started", ("run", _folder.Id), ("steps", _plan.Steps));
        var world = LoadWorld(stop);
        var trainer = new Trainer(_settings.Backend(), _plan.Spec, world.World.HiddenDim);
        var complete = Train(trainer, world, stop);
        if (_last.Step == 0)
        {
            throw new OperationCanceledException(stop);
        }

        var saved = Save(trainer);
        var final = _plan.Spec.Value.Evaluation.Final;
        var scores = complete && final ? ScoreBoth(trainer, saved, world, stop) : null;
        var interrupted = !complete || (final && scores is null);
        _clock.Stop();
        var result = new RunResult(
            _plan,
            _folder,
            _last,
            scores?.Trained,
            scores?.Saved,
            _clock,
            StepReports.Parts(trainer),
            interrupted);
        RunFolder.WriteJson(_folder.ResultFile, result.ToJson());
        var end = interrupted ? "interrupted" : "finished";
        _events.Append(end, ("seconds", Json.Seconds(_clock.Total)));
        return result;
    }

    private LoadedWorld LoadWorld(CancellationToken stop)
    {
        Begin(RunPhase.World, "making the synthetic model");
        var source = _plan.Spec.Value.Model;
        var world = _clock.Measure(
            TimedParts.World,
            () => Stoppable.Wait(() => Worlds.Load(source, _plan.Name, _settings), stop));
        var seconds = Json.Seconds(_clock[TimedParts.World]);
        _events.Append("world", ("origin", world.Origin), ("seconds", seconds));
        if (_plan.Dimension is { } wanted && wanted != world.World.HiddenDim)
        {
            throw Failure.BadInput(
                "sae.d_in", $"must be hidden_dim {world.World.HiddenDim} (got {wanted})");
        }

        foreach (var warning in world.Notes)
        {
            Note(warning);
        }

        return world;
    }

    // False if it was stopped before all samples were seen.
    private bool Train(Trainer trainer, LoadedWorld world, CancellationToken stop)
    {
        Begin(RunPhase.Training, $"{Counts.Exact(_plan.Steps)} steps");
        var sampler = world.Sampler(_settings.Backend(), _plan.Spec.Value.Training.Seed);
        var codes = new Codes(world.World.NumFeatures);
        var x = new Matrix(_plan.BatchSize, world.World.HiddenDim);
        var evaluateEvery = _plan.Spec.Value.Evaluation.Frequency;

        for (var step = 1L; step <= _plan.Steps; step++)
        {
            if (stop.IsCancellationRequested)
            {
                return false;
            }

            var first = (step - 1) * _plan.BatchSize;
            _clock.Measure(
                TimedParts.Sample,
                () => sampler.Sample(Compute.Stream.Training, first, codes, x));
            var report = _clock.Measure(TimedParts.Step, () => trainer.Step(x));
            Report(_reports.Read(report, x));

            if (evaluateEvery > 0 && step % evaluateEvery == 0 && step < _plan.Steps)
            {
                EvaluateBetween(step, trainer, world);
            }
        }

        return true;
    }

    private void Report(StepProgress progress)
    {
        _last = progress;
        _observer.Step(progress);
        var step = progress.Step;
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
            ("l0", Json.Number(_last.L0)),
            ("explained_variance", Json.Number(_last.R2)),
            ("dead_latents", _last.Dead),
            ("lr", Json.Number(_last.Lr)),
            ("seconds", Json.Seconds(_clock.Total)));
    }

    private void EvaluateBetween(long step, Trainer trainer, LoadedWorld world)
    {
        var samples = _plan.Spec.Value.Evaluation.IntermediateSamples;
        var scored = Score(trainer.Sae, world, samples, _ => { });
        _observer.Evaluated(step, scored.Scores);
        LogScores("training", step, scored.Scores);
    }

    private Sae Save(Trainer trainer)
    {
        var sae = trainer.Export();
        _clock.Measure(
            TimedParts.Saving, () => SavedSaes.Write(_folder.SaeFolder, sae, _plan, _last));
        _events.Append("saved", ("step", _last.Step), ("samples", _last.Samples));
        return sae;
    }

    // Null if it was stopped.
    private (Scores Trained, Scores Saved)? ScoreBoth(
        Trainer trainer, Sae saved, LoadedWorld world, CancellationToken stop)
    {
        var samples = _plan.Spec.Value.Evaluation.Samples;
        Begin(RunPhase.Evaluation, $"{Counts.Exact(samples)} samples, as trained and as saved");
        try
        {
            var trained = Score(trainer.Sae, world, samples, done => Hear(done));
            LogScores("training", _last.Step, trained.Scores);
            var inference = Score(saved, world, samples, done => Hear(samples + done));
            LogScores("saved", _last.Step, inference.Scores);
            Files.WriteText(_folder.LatentsFile, inference.LatentTable);
            return (trained.Scores, inference.Scores);
        }
        catch (OperationCanceledException)
        {
            return null;
        }

        void Hear(long done)
        {
            stop.ThrowIfCancellationRequested();
            _observer.Scoring(done, 2 * samples);
        }
    }

    private Scoring.Scored Score(Sae sae, LoadedWorld world, long samples, Action<long> progress) =>
        _clock.Measure(
            TimedParts.Evaluation,
            () => Scoring.Score(_settings, world, sae, samples, _plan.BatchSize, progress));

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
