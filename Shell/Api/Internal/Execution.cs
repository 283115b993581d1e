using System.Runtime.CompilerServices;
using SynthSae.Core;
using SynthSae.Runs;
using SynthSae.Settings;

namespace SynthSae.Api;

/// <summary>Executes runs for the public API.</summary>
internal static class Execution
{
    /// <summary>A run that is ready to be executed.</summary>
    /// <param name="Start">The run.</param>
    /// <param name="Settings">How results are computed with.</param>
    /// <param name="Temporary">Its folder is to go when it ends.</param>
    internal sealed record Prepared(RunStart Start, AppSettings Settings, bool Temporary)
        : IDisposable
    {
        public void Dispose()
        {
            Start.Dispose();
            if (Temporary)
            {
                Directory.Delete(Start.Folder.Path, recursive: true);
            }
        }
    }

    /// <summary>A new run.</summary>
    public static Prepared Begin(RunSpecification specification, TrainingOptions options)
    {
        var isTemporary = options.RunFolder is null && options.RunsFolder is null;
        var settings = ProgramSettings.Of(options, keeps: !isTemporary);
        var name = specification.Name;
        var plan = RunSpecs.Plan(name, name, specification.ToCore());
        var folder =
            options.RunFolder is { } path ? RunFolder.CreateAt(path)
            : isTemporary
                ? RunFolder.CreateAt(Directory.CreateTempSubdirectory("synthsae-run-").FullName)
            : RunFolder.CreateIn(settings.RunsFolder, RunId.Of(plan, DateTime.UtcNow));
        var start = RunStart.Anew(plan, settings, folder);
        start.ForceMemory = options.ForcesMemory;
        return new Prepared(start, settings, isTemporary);
    }

    /// <summary>A run that goes on.</summary>
    public static Prepared Again(string folder, TrainingOptions options)
    {
        var settings = ProgramSettings.Of(options, keeps: true);
        var start = RunStart.Again(folder, settings);
        start.ForceMemory = options.ForcesMemory;
        return new Prepared(start, start.Settings, false);
    }

    /// <summary>Execute a run on a thread of its own, and tell what happens.</summary>
    public static async IAsyncEnumerable<TrainingEvent> Run(
        Func<Prepared> prepare,
        CancellationToken given,
        [EnumeratorCancellation] CancellationToken reader = default)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(given, reader);
        using var queue = new EventQueue();
        var run = Task.Factory.StartNew(
            () => Execute(prepare, queue, stop.Token),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        try
        {
            while (await queue.ReadAsync().ConfigureAwait(false) is { Count: > 0 } events)
            {
                foreach (var happened in events)
                {
                    yield return happened;
                }
            }

            var result = await run.ConfigureAwait(false);
            yield return result.IsComplete
                ? new TrainingEvent.Finished(result)
                : new TrainingEvent.Stopped(result);
            if (!result.IsComplete)
            {
                stop.Token.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            // Who stops reading waits until all is saved.
            await stop.CancelAsync().ConfigureAwait(false);
            await run.ContinueWith(_ => { }, TaskScheduler.Default).ConfigureAwait(false);
        }
    }

    private static TrainingResult Execute(
        Func<Prepared> prepare, EventQueue queue, CancellationToken stop)
    {
        try
        {
            return Boundary.Run(() =>
            {
                using var prepared = prepare();
                var end = TrainingRun.Execute(prepared.Start, queue, stop);
                return end.Result is { } result
                    ? Read(result, prepared)
                    : throw new OperationCanceledException("stopped before the first step", stop);
            });
        }
        finally
        {
            queue.Complete();
        }
    }

    private static TrainingResult Read(RunResult result, Prepared prepared)
    {
        var specification = RunSpecification.OfCore(result.Plan.Name, result.Plan.Spec.Value);
        return new TrainingResult(specification, [.. result.Saes.Select(Trained)])
        {
            Folder = prepared.Temporary ? null : result.Folder.Path,
            IsComplete = !result.IsPartial,
            Steps = result.Steps,
            Samples = result.Samples,
            TrainingTime = result.TrainingTime,
            TotalTime = result.Clock.Total,
        };

        TrainedSae Trained(SaeResult sae) => new(
            specification.Saes[sae.Plan.Index],
            SparseAutoencoder.Open(result.Folder.SaeFolder(sae.Plan), prepared.Settings),
            SaeProgress.Of(sae.State.Last))
        {
            AsTrained = SaeEvaluation.OfOptional(sae.Scores?.Trained),
            AsSaved = SaeEvaluation.OfOptional(sae.Scores?.Saved),
            Pruned = SaeEvaluation.OfOptional(sae.Scores?.Pruned),
        };
    }
}
