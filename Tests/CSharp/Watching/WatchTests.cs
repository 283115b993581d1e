using System.Text.Json.Nodes;
using Microsoft.FSharp.Collections;
using SynthSae.Hosting;
using SynthSae.Runs;
using SynthSae.Store;
using SynthSae.Terminal;
using SynthSae.Terminal.Runtime;
using SynthSae.Tests.Dashboard;
using SynthSae.Watching;
using Xunit;

namespace SynthSae.Tests.Watching;

public sealed class WatchTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => ((IDisposable)_folder).Dispose();

    [Fact]
    public void A_run_that_has_finished_is_told_once_with_its_scores()
    {
        Assert.Equal(ExitCode.Ok, Run().Code);
        var watched = Watch("@last");
        Assert.Equal(ExitCode.Ok, watched.Code);
        Assert.Contains("finished 100%", Assert.Single(Lines(watched)));
        Assert.Contains("F1", watched.Out);
        var once = Watch("@last", "--once");
        Assert.Contains("F finished", once.Out);
        Assert.Contains("[Charts]", once.Out);
        Assert.DoesNotContain("\e", once.Out);
        var json = JsonNode.Parse(Assert.Single(Lines(Watch("@last", "--json"))))!;
        Assert.Equal("finished", (string?)json["status"]);
        var all = JsonNode.Parse(Assert.Single(Lines(Watch("--json", "--once"))))!;
        Assert.Single(all["runs"]!.AsArray());
        Assert.Contains("1 finished", Watch("--once").Out);
    }

    [Fact]
    public void A_run_that_has_ended_otherwise_gives_another_exit_code()
    {
        Assert.Equal(ExitCode.Ok, Run().Code);
        var folder = RunFolder.Open(new RunStore(Runs).List()[0].Folder);
        File.Delete(folder.ResultFile);
        StatusFile.Write(folder, StatusFile.Read(folder)! with
        {
            Status = RunStatus.Failed,
            Updated = DateTime.UtcNow.AddMinutes(1),
        });
        Assert.Equal(ExitCode.Failed, Watch("@last").Code);
        Assert.Equal(ExitCode.Ok, Watch("@last", "--once").Code);
    }

    [Fact]
    public void No_runs_end_at_once_and_a_name_of_none_is_bad_input()
    {
        Assert.Equal(ExitCode.Ok, Watch().Code);
        Assert.Contains("synthsae start small", Watch("--once").Out);
        Assert.Equal(ExitCode.BadInput, Watch("nosuch").Code);
        Assert.Equal(ExitCode.BadInput, Watch("--interval", "0").Code);
    }

    [Fact]
    public void A_line_tells_pace_figures_and_silence()
    {
        var run = SomeRuns.Run("one");
        Assert.Equal(
            $"03:04:05  {run.Id}  running 47%  step 940 of 2,000  20.5k samples/s  53.0 s left  "
                + "loss 31.25  L0 24.75  R² 0.9123",
            SnapshotLine.Of(run, SomeRuns.Now, named: true));
        Assert.Contains("stale 1 min", SnapshotLine.Of(run, SomeRuns.Now.AddMinutes(1), named: false));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(20, 5)]
    [InlineData(80, 24)]
    [InlineData(200, 60)]
    public void Still_frames_fit_into_any_room(int columns, int rows)
    {
        var room = new Size(columns, rows);
        var runs = StillFrame.OfRuns(SomeRuns.OfEachState, SomeRuns.Now, Caps.Full, room);
        var one = StillFrame.OfRun(SomeRuns.OfEachState[1], SomeCurves.Of(940), SomeRuns.Now, Caps.Full, room);
        foreach (var lines in new[] { runs, one })
        {
            Assert.True(lines.Count <= rows);
            Assert.All(lines, line => Assert.True(Measure.Width(line) <= columns));
        }
    }

    [Fact]
    public void In_place_nothing_is_written_where_nothing_has_changed()
    {
        using var writer = new StringWriter();
        var place = new InPlace(writer);
        place.Show(["a", "b"]);
        var first = writer.ToString();
        place.Show(["a", "b"]);
        Assert.Equal(first, writer.ToString());
        place.Show(["a"]);
        Assert.Equal("\e[2Aa\e[K\r\n\e[J", writer.ToString()[first.Length..]);
    }

    private string Runs => _folder.File("runs");

    private Outcome Run() =>
        Command("run", "small", "--samples", "2k", "--eval-samples", "2k", "--quiet");

    private Outcome Watch(params string[] args) => Command(["watch", .. args]);

    private Outcome Command(params string[] args) =>
        Cli.run(ListModule.OfSeq((string[])[.. args, "--runs", Runs]));

    private static string[] Lines(Outcome outcome) =>
        outcome.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
