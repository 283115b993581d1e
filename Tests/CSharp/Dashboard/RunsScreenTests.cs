using SynthSae.Dashboard;
using SynthSae.Dashboard.Actions;
using SynthSae.Dashboard.RunList;
using SynthSae.Store;
using Xunit;

namespace SynthSae.Tests.Dashboard;

public sealed class RunsScreenTests
{
    private readonly FakeRuns _source = Screens.Source();
    private readonly FakeActions _actions = new();

    [Fact]
    public void The_state_of_each_run_stands_there_as_a_word()
    {
        var text = Open().Resize(120, 40).Text;
        Assert.All(RunStatusWords.All, word => Assert.Contains(word, text));
    }

    [Fact]
    public void A_narrow_terminal_has_a_letter_for_it_that_no_other_state_has()
    {
        var driver = Open().Resize(40, 12);
        Assert.Contains(" R  025205-small", driver.Text);
        var letters = Enum.GetValues<RunStatus>().Select(status => status.Letter());
        Assert.Equal(Enum.GetValues<RunStatus>().Length, letters.Distinct().Count());
    }

    [Fact]
    public void Figures_change_as_the_run_goes_on()
    {
        var driver = Open();
        Assert.Contains(" 47%", driver.Text);
        Screens.Change(_source, "small-topk-4096-k25", run => run with { Step = 1200 });
        Assert.Contains(" 60%", driver.Wait(2).Text);
    }

    [Fact]
    public void A_filter_picks_while_it_is_typed_and_Esc_gives_back_what_was()
    {
        var driver = Open().Press("/").Type("state:fin");
        Assert.DoesNotContain("queued", string.Concat(driver.Frame.Lines().Skip(1).Take(8)));
        Assert.Contains("2 of 8 runs", driver.Text);
        driver.Press("Enter");
        Assert.Contains("/state:fin", driver.Text);
        driver.Press("/").Type("x").Press("Esc");
        Assert.Contains("2 of 8 runs", driver.Text);
        driver.Press("Esc");
        Assert.DoesNotContain("of 8 runs", driver.Text);
    }

    [Fact]
    public void A_filter_by_a_field_of_the_specification_reads_it()
    {
        var driver = Open().Press("/").Type("sae.k=15").Press("Enter").Wait(1);
        Assert.Contains("1 of 8 runs", driver.Text);
        Assert.Contains("l0-k15", driver.Text);
    }

    [Fact]
    public void Nothing_that_fits_says_how_to_go_on()
    {
        Assert.Contains("no run of 8 fits", Open().Press("/").Type("nosuch").Press("Enter").Text);
        _source.Runs.Clear();
        Assert.Contains("synthsae start small", Open().Text);
    }

    [Fact]
    public void The_heading_shows_what_is_sorted_by_and_it_is_remembered()
    {
        var driver = Open().Press("s s");
        Assert.Contains("run▲", driver.Text);
        Assert.Contains("run▼", driver.Press("r").Text);
        var set = Assert.IsType<Effect.Set>(_actions.Done[^1]);
        var again = RunsScreen.Of(set.Settings);
        Assert.Equal("run", again.List.Order.Field.Name);
        Assert.True(again.List.Order.Descending);
    }

    [Fact]
    public void Pausing_and_resuming_concern_what_is_marked()
    {
        var driver = Open().Press("j p");
        var pause = Assert.IsType<Effect.Act>(_actions.Done.Single());
        Assert.Equal(RunAction.Pause, pause.Action);
        Assert.Equal([Screens.Id("small-topk-4096-k25")], pause.Runs);
        driver.Press("g /").Type("state:paused,stopped").Press("Enter Space Space p");
        var act = Assert.IsType<Effect.Act>(_actions.Done[^1]);
        Assert.Equal(RunAction.Resume, act.Action);
        Assert.Equal([Screens.Id("paused"), Screens.Id("stopped")], act.Runs);
    }

    [Fact]
    public void Stopping_and_deleting_ask_first()
    {
        var driver = Open().Press("j x");
        Assert.Contains("Stop ", driver.Text);
        Assert.Empty(_actions.Done);
        driver.Press("n");
        Assert.Empty(_actions.Done);
        driver.Press("x y");
        Assert.Equal(RunAction.Stop, Assert.IsType<Effect.Act>(_actions.Done.Single()).Action);
        driver.Press("G d y");
        Assert.Equal(RunAction.Remove, Assert.IsType<Effect.Act>(_actions.Done[^1]).Action);
    }

    [Theory]
    [InlineData("j d", "stopped first: x")]
    [InlineData("G x", "what is finished cannot be stopped")]
    [InlineData("G p", "neither paused nor resumed")]
    [InlineData("j +", "only queued runs")]
    [InlineData("u", "nothing is marked")]
    [InlineData("z", "belongs to no sweep")]
    [InlineData("b", "no supervisor is wanting")]
    public void What_cannot_be_done_says_why(string keys, string reason)
    {
        Assert.Contains(reason, Open().Press(keys).Text);
        Assert.Empty(_actions.Done);
    }

    [Theory]
    [InlineData("j p")]
    [InlineData("j x")]
    [InlineData("G d")]
    [InlineData("t")]
    [InlineData("+")]
    [InlineData("n")]
    public void Nothing_is_changed_by_one_who_may_only_read(string keys)
    {
        var driver = Screens.Open(_source, readOnly: true, handlers: _actions).Wait(1).Press(keys);
        Assert.Empty(_actions.Done);
        Assert.Empty(driver.Model.Layers);
        Assert.Equal(ScreenId.Runs, driver.Model.Active);
    }

    [Fact]
    public void Tags_are_asked_for()
    {
        Open().Press("j t").Type("paper -old").Press("Enter");
        var tag = Assert.IsType<Effect.Tag>(_actions.Done.Single());
        Assert.Equal("paper -old", tag.Words);
        Assert.Equal([Screens.Id("small-topk-4096-k25")], tag.Runs);
    }

    [Fact]
    public void Runs_that_wait_for_no_supervisor_are_told_and_can_be_helped()
    {
        _actions.Supervisor = false;
        var driver = Open().Wait(2);
        Assert.Contains("1 queued, but no supervisor lives", driver.Text);
        driver.Press("b");
        Assert.IsType<Effect.StartSupervisor>(_actions.Done.Single());
        _actions.Supervisor = true;
        Assert.DoesNotContain("no supervisor", driver.Wait(2).Text);
    }

    [Fact]
    public void A_run_of_which_nothing_is_heard_is_told_to_be_stale()
    {
        Screens.Change(_source, "small-topk-4096-k25", run => run with { Updated = FakeRuns.Now.AddSeconds(-90) });
        Assert.Contains("?1m3", Open().Wait(2).Text);
    }

    [Fact]
    public void Runs_of_a_sweep_fold_away_and_are_marked_together()
    {
        var driver = Open().Press("j j z");
        Assert.Contains("▸ l0-sweep: 1X 1F", driver.Text);
        Assert.DoesNotContain("l0-k15", driver.Text);
        Assert.Contains("2 marked", driver.Press("Space").Text);
        Assert.Contains("▾ l0-sweep: 1X 1F", driver.Press("g j j Enter").Text);
        driver.Press("c");
        Assert.Equal(ScreenId.Compare, driver.Model.Active);
        Assert.Equal(2, driver.Model.Context.Marked.Count);
    }

    [Fact]
    public void Of_ten_thousand_runs_only_those_that_are_seen_are_drawn()
    {
        _source.Runs.Clear();
        _source.Runs.AddRange(Enumerable.Range(0, 10_000).Select(number =>
            SomeRuns.Run($"run-{number}", RunStatus.Finished, number)));
        var driver = Open();
        Assert.Contains("run-0", driver.Text);
        Assert.Contains("-run-9999", driver.Press("G").Text);
        Assert.Contains("10000 runs", driver.Text);
    }

    private Driver Open() => Screens.Open(_source, handlers: _actions).Wait(1);
}
