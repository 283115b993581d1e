using SynthSae.Compute.Files;
using SynthSae.Formatting;
using SynthSae.Store;
using Xunit;

namespace SynthSae.Tests.Store;

/// <summary>What is told of runs that live, die and end.</summary>
public sealed class StatusTests : IDisposable
{
    private readonly RunProcess _program = new();

    public void Dispose() => _program.Dispose();

    // In each phase there is time to look: worlds of the benchmark take seconds, the rest hours.
    private static readonly Dictionary<string, string[]> Long = new()
    {
        ["world"] = ["synth-sae-bench-16k", "--cache", "none", "--force-memory"],
        ["training"] = ["small", "--samples", "10G"],
        ["evaluation"] = ["tiny", "--eval-samples", "10G"],
    };

    [Theory]
    [InlineData("world")]
    [InlineData("training")]
    [InlineData("evaluation")]
    public void A_run_that_is_killed_is_running_before_and_interrupted_after(string phase)
    {
        var process = _program.Start("run", [.. Long[phase], "--quiet"]);
        var running = _program.WaitFor("run", phase, run => run.Snapshot.Phase == phase);
        Assert.Equal(RunStatus.Running, running.Status);
        Assert.Equal(process.Id, running.Snapshot.Pid);
        Assert.Null(running.Silence(DateTime.UtcNow));
        Assert.Equal(RunStatus.Running, Assert.Single(_program.Store.List()).Status);

        process.Kill();
        process.WaitForExit();
        var dead = _program.Store.Get("run");
        Assert.Equal(RunStatus.Interrupted, dead.Status);
        Assert.Equal(phase, dead.Snapshot.Phase);
        Assert.Equal(RunStatus.Interrupted, Assert.Single(_program.Store.List()).Status);
        Assert.Contains("interrupted: its process died", _program.Run("show", "run").Out);
    }

    [Fact]
    public void A_run_that_is_killed_before_it_says_anything_is_interrupted()
    {
        Assert.Equal(0, _program.Execute("run", "tiny", "--eval-samples", "1k").Code);
        var folder = _program.Folder("run");
        // As if it had died at its start: all that there is.
        foreach (var file in new[] { folder.StatusFile, folder.ResultFile })
        {
            File.Delete(file);
        }

        File.WriteAllText(folder.EventsFile, "");
        Assert.Equal(RunStatus.Interrupted, _program.Store.Get("run").Status);
    }

    [Fact]
    public void A_finished_run_is_told_alike_by_its_status_its_log_and_its_result()
    {
        Assert.Equal(0, _program.Execute("run", "tiny", "--eval-samples", "1k").Code);
        var folder = _program.Folder("run");
        var status = StatusFile.Read(folder)!;
        Assert.Equal(RunStatus.Finished, status.Status);
        Assert.Equal("finished", _program.LastEvent("run"));
        Assert.True(folder.IsFinished);
        Assert.Equal(status.Steps, status.Step);
        var sae = Assert.Single(status.Saes);
        var scores = StatusFile.TryRead(folder.ResultFile).Field("evaluation").Field("training_form");
        Assert.Equal(scores.Field("f1_score").Number("value"), sae.F1);
        Assert.Equal(scores.Field("mcc").Number("value"), sae.Mcc);
        Assert.Equal(status.Steps, sae.ScoredAtStep);
        Assert.True(status.ResidentBytes > 1 << 20);
    }

    [Fact]
    public void A_run_of_an_older_version_is_told_by_its_log_and_its_result()
    {
        Assert.Equal(0, _program.Execute("run", "tiny", "--eval-samples", "1k").Code);
        var told = _program.Store.Get("run");
        File.Delete(_program.Folder("run").StatusFile);
        var found = _program.Store.Get("run");
        Assert.Equal(RunStatus.Finished, found.Status);
        Assert.Equal(told.Snapshot.Step, found.Snapshot.Step);
        Assert.Equal(told.Snapshot.Steps, found.Snapshot.Steps);
        var (before, now) = (told.Snapshot.Saes[0], found.Snapshot.Saes[0]);
        Assert.Equal((before.F1, before.Mcc, before.ScoredAtStep), (now.F1, now.Mcc, now.ScoredAtStep));
        Assert.Equal((before.Architecture, before.Latents, before.K), (now.Architecture, now.Latents, now.K));
    }

    [Theory]
    [InlineData("finished", RunStatus.Finished)]
    [InlineData("paused", RunStatus.Paused)]
    [InlineData("stopped", RunStatus.Stopped)]
    [InlineData("failed", RunStatus.Failed)]
    [InlineData("step", RunStatus.Interrupted)]
    [InlineData("resumed", RunStatus.Interrupted)]
    public void What_the_log_says_later_counts_more_than_the_status(string last, object expected)
    {
        Assert.Equal(0, _program.Execute("run", "tiny", "--eval-samples", "1k").Code);
        var folder = _program.Folder("run");
        File.Delete(folder.ResultFile);
        var said = StatusFile.Read(folder)!;
        foreach (var status in new[] { RunStatus.Running, RunStatus.Stopped })
        {
            var before = said with { Status = status, Updated = DateTime.UtcNow.AddHours(-1) };
            StatusFile.Write(folder, before);
            var time = Timestamps.Milliseconds(DateTime.UtcNow);
            File.AppendAllText(
                folder.EventsFile, $"{{\"time\":\"{time}\",\"event\":\"{last}\"}}\n{{\"torn");
            Assert.Equal((RunStatus)expected, _program.Store.Get("run").Status);
        }
    }

    [Fact]
    public void A_run_that_fails_says_why()
    {
        var outcome = _program.Execute("run", "small", "--samples", "1M", "--set", "lr=1e30");
        Assert.Equal(2, outcome.Code);
        var run = _program.Store.Get("run");
        Assert.Equal(RunStatus.Failed, run.Status);
        Assert.Equal("failed", _program.LastEvent("run"));
        Assert.NotEmpty(run.Snapshot.Message!);
        Assert.Contains(run.Snapshot.Message!, outcome.Error);
    }

    [Fact]
    public void A_run_whose_status_cannot_be_written_goes_on_and_its_log_tells()
    {
        var process = _program.Start("run", "small", "--samples", "10G", "--quiet");
        _program.WaitFor("run", "the first steps", run => run.Snapshot.Step > 0);
        var folder = _program.Folder("run");
        // A folder in its place cannot be replaced by a file.
        Cli.waitFor("a folder in its place", Microsoft.FSharp.Core.FuncConvert.FromFunc(() =>
        {
            File.Delete(folder.StatusFile);
            Directory.CreateDirectory(folder.StatusFile);
            return true;
        }));
        Assert.Equal(RunStatus.Running, _program.Store.Get("run").Status);
        Controls.Send(folder, RunRequest.Pause);
        Assert.Equal(0, Cli.finish(process).Code);
        var run = _program.Store.Get("run");
        Assert.Equal(RunStatus.Paused, run.Status);
        Assert.Equal(run.Checkpoint, run.Snapshot.Step);
    }

    [Fact]
    public async Task Whoever_asks_whether_a_run_lives_does_not_keep_it_from_beginning()
    {
        Assert.Equal(0, _program.Execute("run", "tiny", "--eval-samples", "1k").Code);
        var path = _program.Folder("run").Path;
        using var done = new CancellationTokenSource();
        var asking = Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
        {
            while (!done.IsCancellationRequested)
            {
                Assert.NotEqual(LockState.Unknown, FolderLock.Look(path));
            }
        })).ToArray();
        for (var i = 0; i < 50; i++)
        {
            ((IDisposable)FolderLock.Take(path)).Dispose();
        }

        await done.CancelAsync();
        await Task.WhenAll(asking);
    }
}
