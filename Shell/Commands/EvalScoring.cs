using SynthSae.Compute;
using SynthSae.Compute.Baselines;
using SynthSae.Core;
using SynthSae.Data;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Progress;
using SynthSae.Reports;
using SynthSae.Runs;
using SynthSae.Settings;
using SynthSae.Spec;

namespace SynthSae.Commands;

/// <summary>Scores a saved SAE, and shows how far that is.</summary>
/// <param name="host">Where it is shown.</param>
/// <param name="settings">The settings in force.</param>
/// <param name="stop">Ends it.</param>
internal sealed class EvalScoring(Host host, AppSettings settings, CancellationToken stop)
{
    private const int BatchSize = 1024;

    /// <summary>What is wanted.</summary>
    /// <param name="Samples">So many samples, as far as there are.</param>
    /// <param name="Pruning">How latents are pruned.</param>
    /// <param name="Baselines">Score two baselines beside it.</param>
    /// <param name="Features">Say what became of each feature.</param>
    public readonly record struct Wish(
        long Samples, PruningSpec Pruning, bool Baselines, bool Features);

    /// <summary>Score the SAE of a folder.</summary>
    public SaeScoreReport Score(string path, RunData source, Wish wish)
    {
        var observer = Observers.OnTerminal(host);
        using (observer as IDisposable)
        {
            var saved = SavedSaes.Open(path);
            observer.Phase(source.Phase, source.Words);
            using var data = Stoppable.Wait(source.Load, stop);
            var pruning = Pruning.Decide(
                wish.Pruning, saved.Pruning, () => FindPruning(data, saved.Sae, observer));
            var samples = data.ScoredSamples(wish.Samples);
            observer.Phase(RunPhase.Evaluation, $"{Counts.Exact(samples)} samples");
            var scored = data.Score(
                Pruning.Apply(pruning, saved.Sae),
                samples,
                BatchSize,
                wish.Features,
                done => Hear(observer, done, samples));
            var world = (data as WorldData)?.World;
            var baselines = wish.Baselines
                ? ScoreBaselines(world!, saved.Sae.Latents, samples, observer)
                : [];
            return new SaeScoreReport(
                path,
                saved.Sae,
                data.Name,
                world,
                scored.Scores,
                pruning,
                baselines,
                scored.Recovery);
        }
    }

    private Pruning FindPruning(IRunData data, Sae sae, IRunObserver observer)
    {
        const long most = PruningThreshold.DefaultSamples;
        observer.Phase(RunPhase.Evaluation, "looking for the pruning threshold");
        return Pruning.Find(
            settings,
            sae,
            data.TrainingBatches(),
            most,
            BatchSize,
            done => Hear(observer, done, most));
    }

    private IReadOnlyList<Baselining.Scored> ScoreBaselines(
        LoadedWorld world, int latents, long samples, IRunObserver observer)
    {
        var width = Math.Min(latents, world.World.NumFeatures);
        var sizes = new BaselineSettings(width, samples, Baselining.DefaultFitSamples);
        string[] names = [Baselining.Low, Baselining.High];
        return [.. Baselining.Score(settings, world, sizes, names, (what, done, all) =>
        {
            observer.Phase(RunPhase.Evaluation, what);
            Hear(observer, done, all);
        })];
    }

    private void Hear(IRunObserver observer, long done, long all)
    {
        stop.ThrowIfCancellationRequested();
        observer.Scoring(done, all);
    }
}
