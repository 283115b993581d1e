using System.Diagnostics;
using SynthSae.Compute.Files;
using SynthSae.Sweeps;
using Xunit;

namespace SynthSae.Tests.Sweeps;

/// <summary>Sweeps whose process is stopped or killed.</summary>
public sealed class SweepResumeTests : IDisposable
{
    // Two runs of a second or two each.
    private const string Small = """
        {
          "name": "killed",
          "base": "small",
          "set": {"training_samples": 300000, "eval_samples": 2048},
          "axes": [{"sae.k": [4, 6]}],
          "seeds": 2
        }
        """;

    private static readonly string[] Often = ["--checkpoint-every", "20", "--quiet"];

    private readonly SweepFixture _fixture = new();

    [Fact]
    public void A_sweep_that_is_killed_goes_on_where_it_was_with_the_bits_of_one_that_was_not()
    {
        var file = _fixture.Write("small.json", Small);
        var whole = _fixture.Done(file);
        var (sweep, record, child) = StartSecondRun(file);
        child.Kill();
        child.WaitForExit();
        var killed = _fixture.Sweep("show", sweep.Path);
        Assert.Contains("1 of 2: 1 interrupted", killed.Out, StringComparison.Ordinal);
        var again = _fixture.Sweep("--resume", sweep.Path, "--quiet");
        Assert.True(again.Code == 0, again.Error);
        AssertSame(whole, sweep, record);
    }

    [Fact]
    public void Ctrl_C_stops_a_sweep_behind_a_checkpoint_and_keeps_everything()
    {
        var file = _fixture.Write("small.json", Small);
        var (sweep, record, child) = StartSecondRun(file);
        Cli.signal("INT", child);
        var outcome = Cli.finish(child);
        Assert.Equal(130, outcome.Code);
        Assert.Contains("Go on with: synthsae sweep --resume", outcome.Error);
        Assert.Contains("1 of 2: 1 stopped", outcome.Out, StringComparison.Ordinal);
        var again = _fixture.Sweep("--resume", sweep.Path, "--quiet");
        Assert.True(again.Code == 0, again.Error);
        Assert.Equal(["started"], Begins(sweep, record.Runs[0]));
        Assert.Equal(["started", "resumed"], Begins(sweep, record.Runs[1]));
    }

    [Fact]
    public void Two_processes_do_not_work_at_one_sweep()
    {
        var sweep = _fixture.Done(_fixture.Write("tiny.json", SweepFixture.Tiny));
        using (FolderLock.Take(sweep.Path))
        {
            var refused = _fixture.Sweep("--resume", sweep.Path);
            Assert.Equal(2, refused.Code);
            Assert.Contains("another process", refused.Error, StringComparison.Ordinal);
            Assert.Equal(0, _fixture.Sweep("show", sweep.Path).Code);
        }

        Assert.Equal(0, _fixture.Sweep("--resume", sweep.Path).Code);
    }

    public void Dispose() => _fixture.Dispose();

    // Until the first run has finished, and the second has a checkpoint.
    private (SweepFolder Sweep, SweepRecord Record, Process Child) StartSecondRun(string file)
    {
        var before = SweepFolder.All(_fixture.Runs).Select(sweep => sweep.Id).ToList();
        var child = _fixture.Start([], [file, "--runs", _fixture.Runs, .. Often]);
        SweepFolder? Made() => SweepFolder.All(_fixture.Runs)
            .FirstOrDefault(sweep => !before.Contains(sweep.Id));
        Wait("the sweep", () => Made() is not null);
        var made = Made()!;
        var record = SweepRecord.Read(made);
        var checkpoints = Path.Combine(made.RunPath(record.Runs[1]), "checkpoints");
        Wait("a checkpoint", () => Directory.Exists(checkpoints)
            && Directory.EnumerateFiles(checkpoints, "step-*").Any());
        return (made, record, child);
    }

    private static void AssertSame(SweepFolder whole, SweepFolder sweep, SweepRecord record)
    {
        foreach (var (expected, found) in SweepRecord.Read(whole).Entries.Zip(record.Entries))
        {
            Assert.Equal(SweepFixture.Weights(whole, expected), SweepFixture.Weights(sweep, found));
        }

        Assert.Equal(["started"], Begins(sweep, record.Runs[0]));
        Assert.Equal(["started", "resumed"], Begins(sweep, record.Runs[1]));
    }

    private static IEnumerable<string> Begins(SweepFolder sweep, string run) =>
        File.ReadLines(Path.Combine(sweep.RunPath(run), "events.jsonl"))
            .Select(line => (string)Cli.json(line)["event"]!)
            .Where(name => name is "started" or "resumed");

    private static void Wait(string what, Func<bool> holds) =>
        Cli.waitFor(what, Microsoft.FSharp.Core.FuncConvert.FromFunc(holds));
}
