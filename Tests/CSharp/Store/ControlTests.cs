using SynthSae.Store;
using Xunit;

namespace SynthSae.Tests.Store;

/// <summary>Runs that are asked to pause, to stop, to write a checkpoint.</summary>
public sealed class ControlTests : IDisposable
{
    // It takes a fifth of a second to be seen; the rest is what a busy machine may add.
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);

    private readonly RunProcess _program = new();

    public void Dispose() => _program.Dispose();

    private RunSummary Ask(string phase, RunRequest request, out Outcome outcome, params string[] args)
    {
        var process = _program.Start("run", [.. args, "--quiet"]);
        _program.WaitFor("run", phase, run =>
            run.Snapshot.Phase == phase && (phase == "world" || run.Snapshot.Step > 0));
        var folder = _program.Folder("run");
        var asked = DateTime.UtcNow;
        Controls.Send(folder, request);
        outcome = Cli.finish(process);
        var run = _program.Store.Get("run");
        Assert.InRange(run.Snapshot.Updated - asked, TimeSpan.Zero, Soon);
        Assert.Empty(Controls.Pending(folder));
        return run;
    }

    [Fact]
    public void A_run_that_trains_is_paused_behind_a_checkpoint_and_goes_on()
    {
        var run = Ask(
            "training", RunRequest.Pause, out var outcome, "small", "--samples", "10G");
        Assert.Equal(0, outcome.Code);
        Assert.Contains("\nPaused after step ", outcome.Out);
        Assert.Contains("Go on with: synthsae run --resume runs/run", outcome.Out);
        Assert.Equal(RunStatus.Paused, run.Status);
        Assert.Equal("paused", _program.LastEvent("run"));
        Assert.Equal("paused", StatusFile.TryRead(_program.Folder("run").ResultFile).Text("status"));
        Assert.Equal(run.Snapshot.Step, run.Checkpoint);
        Assert.True(run.Snapshot.Step > 0);
        Assert.Contains($"Go on after step", _program.Run("show", "run").Out);
    }

    [Fact]
    public void A_run_that_makes_its_world_is_stopped_at_once()
    {
        var run = Ask(
            "world",
            RunRequest.Stop,
            out var outcome,
            "synth-sae-bench-16k",
            "--cache",
            "none",
            "--force-memory");
        Assert.Equal(143, outcome.Code);
        Assert.Contains("Stopped before the first step", outcome.Error);
        Assert.Equal(RunStatus.Stopped, run.Status);
        Assert.Equal("stopped", _program.LastEvent("run"));
    }

    [Fact]
    public void A_run_that_is_scored_is_paused_and_keeps_what_it_has_learned()
    {
        var run = Ask(
            "evaluation", RunRequest.Pause, out var outcome, "tiny", "--eval-samples", "10G");
        Assert.Equal(0, outcome.Code);
        Assert.Equal(RunStatus.Paused, run.Status);
        Assert.Equal(run.Snapshot.Steps, run.Checkpoint);
    }

    [Fact]
    public void A_run_that_is_scored_between_steps_is_paused_and_makes_up_for_it()
    {
        string[] args =
        [
            "small", "--samples", "60k", "--eval-samples", "1k", "--set", "eval_frequency=20",
            "--set", "eval_intermediate_samples=10000000000",
        ];
        var process = _program.Start("run", [.. args, "--quiet"]);
        _program.WaitFor("run", "step 20", run => run.Snapshot.Step == 20);
        Controls.Send(_program.Folder("run"), RunRequest.Pause);
        Assert.Equal(0, Cli.finish(process).Code);
        var run = _program.Store.Get("run");
        Assert.Equal((RunStatus.Paused, 20L), (run.Status, run.Checkpoint));

        // Without making up for it, the run would go on to step 40.
        var again = _program.Resume("run");
        _program.WaitFor("run", "the same step", now =>
            now.Status == RunStatus.Running && now.Snapshot is { Phase: "training", Step: >= 20 });
        Controls.Send(_program.Folder("run"), RunRequest.Pause);
        Assert.Equal(0, Cli.finish(again).Code);
        run = _program.Store.Get("run");
        Assert.Equal((RunStatus.Paused, 20L), (run.Status, run.Checkpoint));
        Assert.DoesNotContain("\"evaluation\"", File.ReadAllText(_program.Folder("run").EventsFile));
    }

    [Fact]
    public void A_checkpoint_is_written_on_request_and_the_run_goes_on()
    {
        _program.Start("run", "small", "--samples", "10G", "--quiet");
        var before = _program.WaitFor("run", "training", run => run.Snapshot.Step > 0);
        Assert.Null(before.Checkpoint);
        Controls.Send(_program.Folder("run"), RunRequest.Checkpoint);
        var after = _program.WaitFor("run", "a checkpoint", run => run.Checkpoint is not null);
        Assert.Equal(RunStatus.Running, after.Status);
        _program.WaitFor("run", "further steps", run => run.Snapshot.Step > after.Checkpoint);
    }

    [Fact]
    public void Requests_of_before_a_run_began_are_not_obeyed()
    {
        Assert.Equal(0, _program.Execute("run", "tiny", "--eval-samples", "1k").Code);
        var folder = _program.Folder("run");
        Controls.Send(folder, RunRequest.Stop);
        Assert.Equal([RunRequest.Stop], Controls.Pending(folder));
        using (Controls.Watch(folder, _ => Assert.Fail("it was obeyed")))
        {
            Assert.Empty(Controls.Pending(folder));
        }
    }
}
