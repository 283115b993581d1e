using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using SynthSae.Runs;
using SynthSae.Store;
using Xunit;

namespace SynthSae.Tests.Store;

public sealed class HistoryTests : IDisposable
{
    private const string Time = "\"time\":\"2026-11-21T06:52:19.219Z\"";

    private readonly TemporaryFolder _folder = new();
    private readonly RunFolder _run;

    public HistoryTests()
    {
        File.WriteAllText(_folder.File("run.json"), "{}");
        _run = RunFolder.Open(_folder.Path);
    }

    public void Dispose() => ((IDisposable)_folder).Dispose();

    private static string Step(long step, double loss) =>
        string.Create(CultureInfo.InvariantCulture, $$"""
            {{{Time}},"event":"step","sae":0,"step":{{step}},"samples":{{step * 10}},"loss":{{loss}},"losses":{"mse_loss":{{loss}}},"k":null,"seconds":1.5}
            """) + "\n";

    private static string Event(string name, string fields = "") =>
        $"{{{Time},\"event\":\"{name}\"{fields}}}\n";

    private void Append(string text) => File.AppendAllText(_run.EventsFile, text);

    private static IEnumerable<(long, double)> Points(RunHistory history, string name) =>
        history.Find(name)!.Points.Select(point => (point.Step, point.Value));

    [Fact]
    public void A_log_that_grows_is_read_once_and_half_a_line_when_it_is_whole()
    {
        var history = new RunHistory(_run);
        Assert.False(history.Read());
        Append(Event("started", ",\"steps\":300,\"saes\":1") + Step(100, 5));
        Assert.True(history.Read());
        Assert.False(history.Read());
        var next = Step(200, 4);
        Append(next[..^20]);
        Assert.False(history.Read());
        Append(next[^20..]);
        Assert.True(history.Read());
        Assert.Equal([(100, 5.0), (200, 4.0)], Points(history, "loss"));
        Assert.Equal([(100, 5.0), (200, 4.0)], Points(history, "losses.mse_loss"));
        Assert.Equal([1000, 2000], history.Find("loss")!.Points.Select(point => point.Samples));
        Assert.Null(history.Find("k"));
        Assert.Equal(300, history.Steps);
        Assert.Null(history.Find("seconds"));
    }

    [Fact]
    public void Any_pieces_of_a_log_give_the_history_of_the_whole()
    {
        var text = Event("started", ",\"steps\":9,\"saes\":1")
            + string.Concat(Enumerable.Range(1, 9).Select(step => Step(step, 1.0 / step)))
            + Event("checkpoint", ",\"step\":9,\"samples\":90") + Event("finished");
        Prop.ForAll(Gen.Choose(1, 60).NonEmptyListOf().ToArbitrary(), sizes =>
        {
            File.WriteAllText(_run.EventsFile, "");
            var history = new RunHistory(_run);
            for (var (at, i) = (0, 0); at < text.Length; i++)
            {
                var size = Math.Min(sizes[i % sizes.Count], text.Length - at);
                Append(text.Substring(at, size));
                history.Read();
                at += size;
            }

            Assert.Equal(Enumerable.Range(1, 9).Select(n => ((long)n, 1.0 / n)), Points(history, "loss"));
            Assert.Equal(["checkpoint"], history.Markers.Select(marker => marker.Event));
            Assert.Equal(
                ["started", "checkpoint", "finished"], history.Lines.Select(line => line.Event));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Steps_that_were_lost_and_come_again_stand_there_once()
    {
        Append(Event("started", ",\"steps\":500,\"saes\":1"));
        Append(Step(100, 5) + Step(200, 4) + Event("checkpoint", ",\"step\":200,\"samples\":2000"));
        Append(Step(300, 3) + Event("checkpoint", ",\"step\":300,\"samples\":3000") + Step(400, 2));
        var history = new RunHistory(_run);
        history.Read();
        Append(Event("resumed", ",\"steps\":500,\"saes\":1,\"step\":200,\"samples\":2000"));
        Append(Step(300, 3.5));
        history.Read();
        Assert.Equal([(100, 5.0), (200, 4.0), (300, 3.5)], Points(history, "loss"));
        Assert.Equal(
            [("checkpoint", 200L), ("resumed", 200)],
            history.Markers.Select(marker => (marker.Event, marker.Step)));
    }

    [Fact]
    public void A_run_that_begins_again_has_one_history()
    {
        Append(Event("started", ",\"steps\":500,\"saes\":1") + Step(100, 5) + Step(200, 4));
        Append(Event("started", ",\"steps\":500,\"saes\":1") + Step(100, 5));
        var history = new RunHistory(_run);
        history.Read();
        Assert.Equal([(100, 5.0)], Points(history, "loss"));
    }

    [Fact]
    public void A_log_that_was_cut_or_replaced_is_read_anew()
    {
        Append(Event("started", ",\"steps\":9,\"saes\":1") + Step(1, 5) + Step(2, 4) + Step(3, 3));
        var history = new RunHistory(_run);
        history.Read();
        File.WriteAllText(_run.EventsFile, Event("started", ",\"steps\":9,\"saes\":1") + Step(1, 7));
        Assert.True(history.Read());
        Assert.Equal([(1, 7.0)], Points(history, "loss"));

        // Of the same length and longer, but another.
        File.WriteAllText(
            _run.EventsFile,
            Event("started", ",\"steps\":9,\"saes\":1") + Step(1, 8) + Step(2, 6));
        Assert.True(history.Read());
        Assert.Equal([(1, 8.0), (2, 6.0)], Points(history, "loss"));
    }

    [Fact]
    public void Lines_that_are_no_events_are_passed_over()
    {
        Append("not json\n[1]\n{\"event\":7}\n\n" + Step(1, 5) + "{\"event\":\"step\"}\n");
        var history = new RunHistory(_run);
        Assert.True(history.Read());
        Assert.Equal([(1, 5.0)], Points(history, "loss"));
    }

    [Fact]
    public void Scores_are_series_of_their_own()
    {
        Append(Step(100, 5));
        Append(Event("evaluation", """
            ,"sae":0,"form":"training","step":100,"metrics":{"samples":9,"explained_variance":{"value":0.5,"standard_error":0.1}}
            """.Trim()));
        Append(Event("evaluation", """
            ,"sae":0,"form":"saved","step":100,"metrics":{"samples":9,"explained_variance":{"value":0.4,"standard_error":0.1}}
            """.Trim()));
        var history = new RunHistory(_run);
        history.Read();
        Assert.Equal([(100, 0.5)], Points(history, "eval.explained_variance"));
        Assert.Equal([(100, 0.4)], Points(history, "saved.explained_variance"));
        Assert.Equal(1000, history.Find("eval.explained_variance")!.Points[0].Samples);
    }
}
