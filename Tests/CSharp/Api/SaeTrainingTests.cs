using SynthSae.Api;
using SynthSae.Runs;
using Xunit;

namespace SynthSae.Tests.Api;

public sealed class SaeTrainingTests
{
    private static readonly TrainingOptions Options = new()
    {
        Compute = new ComputeOptions { UseCache = false, Threads = 2 },
    };

    private static readonly RunSpecification Tiny = RunSpecification.FromPreset("tiny") with
    {
        TrainingSamples = 20_480,
        EvaluationSamples = 2048,
    };

    [Fact]
    public async Task A_run_in_memory_tells_what_happens_and_leaves_nothing_behind()
    {
        var before = Temporary();
        List<TrainingEvent> events = [];
        await foreach (var happened in SaeTraining.RunAsync(Tiny with { EvaluationInterval = 10 }, Options))
        {
            events.Add(happened);
        }

        Assert.Equal(
            [TrainingPhase.PreparingData, TrainingPhase.Training, TrainingPhase.Evaluating],
            events.OfType<TrainingEvent.PhaseStarted>().Select(one => one.Phase));
        Assert.Equal(20, events.OfType<TrainingEvent.Progressed>().Last().Step);
        Assert.Equal(10, Assert.Single(events.OfType<TrainingEvent.Evaluated>()).Step);
        var result = Assert.IsType<TrainingEvent.Finished>(events[^1]).Result;
        Assert.True(result.IsComplete);
        Assert.Null(result.Folder);
        Assert.Equal((20, 20_480), (result.Steps, result.Samples));
        Assert.Equal(16, result.Only.Sae.Width);
        Assert.Equal(2048, result.Only.AsSaved!.Samples);
        Assert.Equal(before, Temporary());
    }

    [Fact]
    public async Task A_run_is_the_same_as_that_of_the_command_line()
    {
        using var folder = new TemporaryFolder();
        var result = await SaeTraining.TrainAsync(
            Tiny, Options with { RunFolder = folder.File("api") });
        var outcome = Cli.run(Microsoft.FSharp.Collections.ListModule.OfSeq(
        [
            "run", "tiny", "--samples", "20480", "--eval-samples", "2048", "--out", folder.File("cli"),
            "--threads", "2", "--quiet",
        ]));
        Assert.Equal(0, outcome.Code);
        var ours = SparseAutoencoder.Load(folder.File("api"));
        var theirs = SparseAutoencoder.Load(folder.File("cli"));
        Assert.Equal(theirs.Decoder.ToArray(), ours.Decoder.ToArray());
        Assert.Equal(theirs.Decoder.ToArray(), result.Only.Sae.Decoder.ToArray());
        Assert.Equal(Path.GetFullPath(folder.File("api")), result.Folder);
    }

    [Fact]
    public async Task A_cancelled_run_is_saved_and_goes_on_to_the_same_end()
    {
        using var folder = new TemporaryFolder();
        var run = Tiny with { TrainingSamples = 204_800 };
        using var cancel = new CancellationTokenSource();
        TrainingResult? stopped = null;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            var options = Options with { RunFolder = folder.File("run") };
            await foreach (var happened in SaeTraining.RunAsync(run, options, cancel.Token))
            {
                if (happened is TrainingEvent.Progressed)
                {
                    cancel.Cancel();
                }

                stopped = (happened as TrainingEvent.Stopped)?.Result;
            }
        });
        Assert.NotNull(stopped);
        Assert.False(stopped.IsComplete);
        Assert.InRange(stopped.Steps, 1, 199);
        Assert.Null(stopped.Only.AsSaved);

        TrainingResult? result = null;
        await foreach (var happened in SaeTraining.ResumeAsync(folder.File("run"), Options))
        {
            result = (happened as TrainingEvent.Finished)?.Result ?? result;
        }

        var straight = await SaeTraining.TrainAsync(run, Options);
        Assert.Equal(straight.Only.Sae.Decoder.ToArray(), result!.Only.Sae.Decoder.ToArray());
        Assert.Equal(200, result.Steps);
        await Assert.ThrowsAsync<SynthSaeException>(async () =>
        {
            await foreach (var _ in SaeTraining.ResumeAsync(folder.File("run"), Options))
            {
            }
        });
    }

    [Fact]
    public async Task Who_stops_reading_stops_the_run_and_finds_it_saved()
    {
        using var folder = new TemporaryFolder();
        var options = Options with { RunFolder = folder.File("run") };
        await foreach (var happened in SaeTraining.RunAsync(Tiny with { TrainingSamples = 102_400_000 }, options))
        {
            if (happened is TrainingEvent.Progressed)
            {
                break;
            }
        }

        Assert.True(Directory.EnumerateFiles(folder.File("run/checkpoints")).Any()
            || Directory.EnumerateDirectories(folder.File("run/checkpoints")).Any());
        Assert.Equal(16, SparseAutoencoder.Load(folder.File("run")).Width);
    }

    [Fact]
    public async Task Several_SAEs_are_each_as_if_alone()
    {
        var run = Tiny.Sweep("sae.k", "2", "3");
        var both = await SaeTraining.TrainAsync(run, Options);
        var second = await SaeTraining.TrainAsync(run with { Sae = run.Saes[1] }, Options);
        Assert.Equal(2, both.Saes.Count);
        Assert.Throws<InvalidOperationException>(() => both.Only);
        Assert.Equal(second.Only.Sae.Decoder.ToArray(), both.Saes[1].Sae.Decoder.ToArray());
        Assert.Equal(run.Saes[1], both.Saes[1].Specification);
    }

    [Fact]
    public async Task A_specification_that_breaks_rules_begins_nothing()
    {
        using var folder = new TemporaryFolder();
        var options = Options with { RunsFolder = folder.File("runs") };
        var error = await Assert.ThrowsAsync<SpecificationException>(
            () => SaeTraining.TrainAsync(Tiny with { LearningRate = 0, BatchSize = -1 }, options));
        Assert.Equal(["batch_size", "lr"], error.Errors.Select(one => one.Path));
        Assert.False(Directory.Exists(folder.File("runs")));
    }

    [Fact]
    public async Task A_folder_that_is_not_empty_is_refused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("something"), "");
        var error = await Assert.ThrowsAsync<SynthSaeException>(
            () => SaeTraining.TrainAsync(Tiny, Options with { RunFolder = folder.Path }));
        Assert.Equal(folder.Path, error.Place);
    }

    [Fact]
    public async Task To_a_slow_reader_only_the_newest_step_is_told_and_little_waits()
    {
        using var queue = new EventQueue();
        for (var step = 1; step <= 5000; step++)
        {
            queue.Step([new StepProgress { Step = step, Steps = 5000, K = double.NaN }]);
            queue.Scoring(step, 5000);
            if (step % 2 == 0)
            {
                queue.Note($"{step}");
            }
        }

        queue.Complete();
        var events = await queue.ReadAsync();
        Assert.Empty(await queue.ReadAsync());
        Assert.Equal(5000, Assert.Single(events.OfType<TrainingEvent.Progressed>()).Step);
        Assert.Equal(5000, Assert.Single(events.OfType<TrainingEvent.ScoringProgressed>()).Done);
        var notes = events.OfType<TrainingEvent.Noted>().ToList();
        Assert.Equal("5000", notes[^1].Text);
        Assert.Equal(2500, notes.Count + Assert.IsType<TrainingEvent.Skipped>(events[0]).Count);
        Assert.True(events.Count <= EventQueue.Most + 1);
    }

    private static string[] Temporary() =>
        [.. Directory.EnumerateDirectories(Path.GetTempPath(), "synthsae-run-*").Order()];
}
