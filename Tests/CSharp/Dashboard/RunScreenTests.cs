using SynthSae.Dashboard;
using SynthSae.Dashboard.Actions;
using SynthSae.Store;
using SynthSae.Terminal;
using Xunit;

namespace SynthSae.Tests.Dashboard;

public sealed class RunScreenTests
{
    private const string Running = "small-topk-4096-k25";

    private readonly FakeRuns _source = Screens.Source();
    private readonly FakeActions _actions = new();

    [Fact]
    public void Figures_of_the_run_stand_above_its_charts()
    {
        var text = Open().Text;
        Assert.Contains("R running", text);
        Assert.Contains("L0 24.75 of 25", text);
        Assert.Contains("20.5k samples/s", text);
        Assert.Contains("53.0 s left", text);
        Assert.Contains("dead 41 of 4,096", text);
        Assert.Contains("loss", text);
    }

    [Fact]
    public void Charts_grow_as_the_run_goes_on()
    {
        var driver = Open();
        var before = driver.Text;
        _source.Histories[Screens.Id(Running)] = SomeCurves.Of(1900);
        Assert.NotEqual(before, driver.Wait(2).Text);
    }

    [Fact]
    public void A_saturated_coefficient_and_many_dead_latents_are_warned_of()
    {
        Screens.Change(_source, Running, run => run with { Saes = [run.Saes[0] with { Dead = 2000 }] });
        var text = Open().Text;
        Assert.Contains("! the coefficient has been moved", text);
        Assert.Contains("! 48% of the latents are dead", text);
    }

    [Fact]
    public void The_time_since_the_last_word_is_told_when_it_is_long()
    {
        Screens.Change(_source, Running, run => run with { Updated = FakeRuns.Now.AddSeconds(-12) });
        Assert.Contains("stale 1", Open().Text);
    }

    [Theory]
    [InlineData("L", "(log)")]
    [InlineData("s s", "smoothed 0.9")]
    [InlineData("a", "by samples")]
    [InlineData("i i", "last 1/4")]
    public void Charts_can_be_looked_at_otherwise(string keys, string said)
    {
        var driver = Open();
        var before = driver.Text;
        driver.Press(keys);
        Assert.Contains(said, driver.Text);
        Assert.NotEqual(before, driver.Text);
    }

    [Fact]
    public void Evaluations_and_checkpoints_are_marked_on_the_axis_unless_one_does_not_want_it()
    {
        var driver = Open(new Size(120, 40)).Press("Enter");
        Assert.Contains(driver.Frame.Lines(), line => line.Contains('└') && line.Contains('E') && line.Contains('C'));
        driver.Press("M");
        Assert.DoesNotContain(driver.Frame.Lines(), line => line.Contains('└') && line.Contains('E'));
    }

    [Fact]
    public void Metrics_are_chosen_from_those_that_there_are()
    {
        var driver = Open(new Size(120, 40)).Press("v u j Space Enter");
        Assert.Contains("R²", driver.Text);
        Assert.DoesNotContain("dead latents", driver.Text);
        Assert.Contains("dead latents", driver.Press("v a Enter").Press("G").Text + driver.Press("k k").Text);
    }

    [Fact]
    public void Another_metric_comes_into_the_chart_in_focus()
    {
        var driver = Open().Press("Enter");
        Assert.StartsWith("loss", driver.Frame.Lines()[7]);
        Assert.StartsWith("R²", driver.Press("]").Frame.Lines()[7]);
        Assert.StartsWith("loss", driver.Press("[").Frame.Lines()[7]);
    }

    [Fact]
    public void Tabs_show_scores_specification_and_log()
    {
        var driver = Open().Press("Tab");
        Assert.Contains("no scores yet", driver.Text);
        Assert.Contains("synth-sae-bench-16k", driver.Press("Tab").Text);
        Assert.Contains("checkpoint after step 600", driver.Press("Tab").Text);
        Assert.Contains("[Charts]", driver.Press("Tab").Text);
        Assert.Contains("[Log]", driver.Press("Shift-Tab").Text);
    }

    [Fact]
    public void The_log_follows_what_comes_unless_one_has_scrolled_up()
    {
        var id = Screens.Id(Running);
        var driver = Open().Press("Tab Tab Tab");
        void Add(string text) => _source.Histories[id] = _source.Histories[id] with
        {
            Lines = [.. _source.Histories[id].Lines, .. Enumerable.Range(0, 20).Select(number =>
                new RunLine(FakeRuns.Now, "note", $"{text} {number}"))],
        };
        Add("first");
        Assert.Contains("first 19", driver.Wait(2).Text);
        driver.Press("k k k");
        Add("second");
        Assert.DoesNotContain("second 19", driver.Wait(2).Text);
        Assert.Contains("second 19", driver.Press("G").Text);
        Add("third");
        Assert.Contains("third 19", driver.Wait(2).Text);
    }

    [Fact]
    public void A_run_that_has_finished_shows_its_scores_with_errors()
    {
        var driver = Screens.Open(_source, handlers: _actions).Wait(1).Press("G Enter Tab").Wait(1);
        Assert.Contains("0.8017 ± 0.0012", driver.Text);
        Assert.Contains("trained", driver.Text);
        Assert.Contains("latents fire with their features", driver.Resize(120, 40).Text);
    }

    [Fact]
    public void The_result_is_read_again_when_the_run_has_come_to_its_end()
    {
        var driver = Screens.Open(_source, handlers: _actions).Wait(1).Press("j Enter Tab").Wait(1);
        Assert.Contains("no scores yet", driver.Text);
        var asked = new List<Effect>();
        Screens.Change(_source, Running, run => run with { Status = RunStatus.Finished });
        driver.Wait(2);
        Assert.Contains("F finished", driver.Text);
    }

    [Fact]
    public void One_goes_from_run_to_run()
    {
        var driver = Open();
        var next = SomeRuns.OfEachState[0].Id;
        Assert.Contains(next, driver.Press("J").Wait(1).Text);
        Assert.Contains(Screens.Id(Running), driver.Press("K").Wait(1).Text);
    }

    [Fact]
    public void A_run_can_be_stopped_from_its_own_screen()
    {
        Open().Press("x y");
        var act = Assert.IsType<Effect.Act>(_actions.Done.Single());
        Assert.Equal(RunAction.Stop, act.Action);
        Assert.Equal([Screens.Id(Running)], act.Runs);
    }

    [Fact]
    public void A_run_with_several_SAEs_has_a_line_for_each()
    {
        _source.Histories[Screens.Id(Running)] = SomeCurves.Of(940, saes: 3);
        var text = Open(new Size(120, 40)).Text;
        Assert.Contains("SAE 0", text);
        Assert.Contains("SAE 2", text);
    }

    private Driver Open(Size? size = null) =>
        Screens.Open(_source, size, handlers: _actions).Wait(1).Press("j Enter").Wait(1);
}
