using Xunit;

namespace SynthSae.Tests.Api;

/// <summary>Runs of this very process; those in the background are the consumer's matter.</summary>
public sealed class RunDirectoryTests
{
    private static readonly RunSpecification Tiny = RunSpecification.FromPreset("tiny") with
    {
        TrainingSamples = 20_480,
        EvaluationSamples = 2048,
        EvaluationInterval = 10,
        Seed = 4,
    };

    [Fact]
    public async Task A_finished_run_is_listed_with_its_figures_and_labels()
    {
        using var folder = new TemporaryFolder();
        var runs = new RunDirectory(folder.File("runs"));
        Assert.Empty(runs.List());
        var result = await SaeTraining.TrainAsync(Tiny, Options(runs));
        var run = Assert.Single(runs.List());
        Assert.Equal(result.Folder, run.Folder);
        Assert.Equal((RunStatus.Finished, 20, 20), (run.Status, run.Step, run.Steps));
        Assert.Equal(("tiny", 4, false), (run.Name, run.Seed, run.IsGoingOn));
        var sae = Assert.Single(run.Saes);
        Assert.Equal(("BatchTopK", 16, 3.0), (sae.Architecture, sae.Width, sae.TargetL0));
        Assert.Equal(result.Only.AsTrained!.F1!.Value.Value, sae.F1!.Value, 1e-9);
        Assert.Equal(run, runs.Find("@last"));
        Assert.Null(runs.Find("nothing"));

        var tagged = runs.Tag(run.Id, "good");
        Assert.Equal(["good"], tagged.Tags);
        Assert.Equal("as hoped", runs.SetNote(run.Id, "as hoped").Note);
        Assert.Empty(runs.Tag(run.Id, "good", isSet: false).Tags);
        Assert.Equal(Tiny.Sae, RunSpecification.Load(run.Folder).Sae);
    }

    [Fact]
    public async Task The_record_of_a_run_holds_its_metrics_and_what_happened()
    {
        using var folder = new TemporaryFolder();
        var runs = new RunDirectory(folder.File("runs"));
        var result = await SaeTraining.TrainAsync(Tiny, Options(runs) with { LogEvery = 1 });
        var record = RunRecord.Open(result.Folder!);
        var loss = record.Find("loss")!;
        Assert.Equal(Enumerable.Range(1, 20), loss.Points.Select(point => (int)point.Step));
        Assert.Equal(20_480, loss.Points[^1].Samples);
        Assert.Equal(result.Only.Last.Loss, loss.Points[^1].Value, 1e-3);
        Assert.Equal([10, 20], record.Find("eval.f1_score")!.Points.Select(point => point.Step));
        Assert.Contains(record.Entries, entry => entry.Event == "finished");
        Assert.Contains(record.Curves, curve => curve.Name == "l0");
        Assert.False(record.Refresh());
        Assert.Null(record.Find("no such metric"));
    }

    [Fact]
    public async Task A_run_is_followed_paused_and_gone_on_with()
    {
        using var folder = new TemporaryFolder();
        var runs = new RunDirectory(folder.File("runs"));
        var place = folder.File("runs/long");
        var endless = Tiny with { TrainingSamples = 1_024_000_000, EvaluationInterval = 0 };
        var run = Task.Run(async () =>
        {
            TrainingEvent? last = null;
            await foreach (var happened in SaeTraining.RunAsync(
                endless, Options(runs) with { RunFolder = place }))
            {
                last = happened;
            }

            return last;
        });
        while (!File.Exists(Path.Combine(place, "run.json")))
        {
            Assert.False(run.IsCompleted);
            await Task.Delay(10);
        }

        List<RunInfo> seen = [];
        Task<RunInfo>? pausing = null;
        await foreach (var now in runs.FollowAsync("long"))
        {
            seen.Add(now);
            if (now.Step > 0)
            {
                pausing ??= runs.PauseAsync("long");
            }
        }

        Assert.Equal(RunStatus.Paused, (await pausing!).Status);
        Assert.Equal(RunStatus.Paused, seen[^1].Status);
        Assert.NotNull(seen[^1].Checkpoint);
        var stopped = Assert.IsType<TrainingEvent.Stopped>(await run);
        Assert.Equal(seen[^1].Step, stopped.Result.Steps);

        using var cancel = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var happened in SaeTraining.ResumeAsync(place, Options(runs), cancel.Token))
            {
                if (happened is TrainingEvent.Progressed { Step: var step } && step > stopped.Result.Steps)
                {
                    await cancel.CancelAsync();
                }
            }
        });
        Assert.Equal(RunStatus.Stopped, runs.Find("long")!.Status);
    }

    [Fact]
    public async Task What_is_no_run_is_a_documented_exception()
    {
        using var folder = new TemporaryFolder();
        var runs = new RunDirectory(folder.Path);
        Assert.Throws<SynthSaeException>(() => RunRecord.Open(folder.Path));
        Assert.Throws<SynthSaeException>(() => runs.Tag("nothing", "tag"));
        await Assert.ThrowsAsync<SynthSaeException>(() => runs.StopAsync("nothing"));
        await Assert.ThrowsAsync<SynthSaeException>(async () =>
        {
            await foreach (var _ in runs.FollowAsync("nothing"))
            {
            }
        });
        Assert.Throws<SpecificationException>(() => runs.Start(Tiny with { BatchSize = 0 }));
        Assert.Empty(runs.List());
    }

    private static TrainingOptions Options(RunDirectory runs) => new()
    {
        Compute = new ComputeOptions { Threads = 2, UseCache = false },
        RunsFolder = runs.Folder,
    };
}
