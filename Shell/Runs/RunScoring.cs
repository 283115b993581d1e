using SynthSae.Compute;
using SynthSae.Core;
using SynthSae.Data;
using SynthSae.Formatting;
using SynthSae.Settings;

namespace SynthSae.Runs;

/// <summary>Scores the SAEs of a run, and finds out how they are pruned.</summary>
/// <param name="start">The run.</param>
/// <param name="data">Its data.</param>
/// <param name="clock">Where the time is counted.</param>
/// <param name="journal">Who is told.</param>
internal sealed class RunScoring(
    RunStart start, IRunData data, PhaseClock clock, RunJournal journal)
{
    private const string SavedForm = "saved";

    private readonly RunPlan _plan = start.Plan;
    private readonly AppSettings _settings = start.Settings;

    /// <summary>Score SAEs between two steps; false if that was stopped.</summary>
    public bool Between(IEnumerable<Trainee> saes, CancellationToken stop)
    {
        try
        {
            foreach (var sae in saes)
            {
                Between(sae, stop);
            }

            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>
    /// How each SAE is pruned, null for those of which that is not asked for; null if it was
    /// stopped.
    /// </summary>
    public IReadOnlyList<Pruning?>? DecidePruning(
        IEnumerable<Trainee> saes, CancellationToken stop)
    {
        try
        {
            return [.. saes.Select(sae => DecidePruning(sae.Plan, sae.Trainer.Export(), stop))];
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private void Between(Trainee trainee, CancellationToken stop)
    {
        var last = trainee.Last;
        var samples = _plan.Spec.Value.Evaluation.IntermediateSamples;
        var scored = Score(
            Pruning.Apply(null, trainee.Trainer.Sae),
            samples,
            features: false,
            _ => stop.ThrowIfCancellationRequested());
        journal.Observer.Evaluated(trainee.Plan, last.Step, scored.Scores);
        journal.LogScores(trainee.Plan, RunJournal.AsTrained, last, scored.Scores);
    }

    private Pruning? DecidePruning(SaePlan plan, Sae sae, CancellationToken stop)
    {
        var pruning =
            Pruning.Decide(_plan.Spec.Value.Evaluation.Pruning, null, () => FindPruning(sae, stop));
        if (pruning is not null)
        {
            var fields = pruning.ToJson().Select(field => (field.Key, field.Value?.DeepClone()));
            journal.Log("pruning", [("sae", plan.Index), .. fields]);
        }

        return pruning;
    }

    /// <summary>
    /// The scores of all forms of all SAEs, each SAE with how it is pruned; null if it was stopped.
    /// </summary>
    public IReadOnlyList<RunScores>? All(
        IReadOnlyList<(Trainee Trainee, Pruning? Pruning)> saes, CancellationToken stop)
    {
        var samples = data.ScoredSamples(_plan.Spec.Value.Evaluation.Samples);
        var forms = saes.Sum(sae => Prunes(sae.Pruning) ? 3 : 2);
        var pruned = saes.Any(sae => Prunes(sae.Pruning));
        journal.Begin(
            RunPhase.Evaluation,
            $"{Counts.Exact(samples)} samples, as trained"
                + (pruned ? ", as saved and pruned" : " and as saved"));
        var before = 0L;
        try
        {
            return [.. saes.Select(sae => Forms(sae.Trainee, sae.Pruning, Form))];
        }
        catch (OperationCanceledException)
        {
            return null;
        }

        Scoring.Scored Form(Trainee trainee, string name, Inference inference)
        {
            var features = name == SavedForm;
            var form = Score(inference, samples, features, done => Hear(before + done));
            before += samples;
            journal.LogScores(trainee.Plan, name, trainee.Last, form.Scores);
            return form;
        }

        void Hear(long done)
        {
            stop.ThrowIfCancellationRequested();
            journal.Observer.Scoring(done, forms * samples);
        }
    }

    private static bool Prunes(Pruning? pruning) => pruning?.Threshold is not null;

    private RunScores Forms(
        Trainee trainee,
        Pruning? pruning,
        Func<Trainee, string, Inference, Scoring.Scored> form)
    {
        var saved = trainee.Trainer.Export();
        var training = form(
            trainee, RunJournal.AsTrained, Pruning.Apply(null, trainee.Trainer.Sae));
        var inference = form(trainee, SavedForm, Pruning.Apply(null, saved));
        Files.WriteText(start.Folder.LatentsFile(trainee.Plan), inference.LatentTable);
        if (inference.Recovery is { } recovery)
        {
            RecoveryFiles.Write(start.Folder.TablesFolder(trainee.Plan), recovery);
        }

        SavedSaes.WriteSparsity(start.Folder.SaeFolder(trainee.Plan), inference.FiringRates);
        var pruned = Prunes(pruning)
            ? form(trainee, "pruned", Pruning.Apply(pruning, saved)).Scores
            : null;
        return new RunScores(training.Scores, inference.Scores, pruned);
    }

    private Pruning FindPruning(Sae sae, CancellationToken stop)
    {
        var most = PruningThreshold.DefaultSamples;
        journal.Observer.Phase(RunPhase.Evaluation, "looking for the pruning threshold");
        return clock.Measure(TimedParts.Evaluation, () => Pruning.Find(
            _settings,
            sae,
            data.TrainingBatches(),
            most,
            _plan.BatchSize,
            done =>
            {
                stop.ThrowIfCancellationRequested();
                journal.Observer.Scoring(done, most);
            }));
    }

    private Scoring.Scored Score(
        Inference sae, long samples, bool features, Action<long> progress) =>
        clock.Measure(
            TimedParts.Evaluation,
            () => data.Score(sae, samples, _plan.BatchSize, features, progress));
}
