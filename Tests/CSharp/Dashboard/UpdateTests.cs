using FsCheck;
using FsCheck.Fluent;
using SynthSae.Dashboard;
using SynthSae.Store;
using SynthSae.Terminal;
using SynthSae.Terminal.Input;
using SynthSae.Tests.Terminal;
using Xunit;

namespace SynthSae.Tests.Dashboard;

public sealed class UpdateTests
{
    private readonly FakeRuns _runs = new();

    [Fact]
    public void Keys_do_what_the_screens_table_says()
    {
        var driver = Open().Press("j j Down k");
        Assert.Contains("Runs 2 [] 0 runs", driver.Text);
    }

    [Fact]
    public void A_key_that_cannot_be_used_says_why()
    {
        Assert.Contains("k: there is nothing left", Open().Press("k").Text);
        Assert.Contains("d: this dashboard is read-only", Open(readOnly: true).Press("d").Text);
    }

    [Fact]
    public void The_footer_has_only_keys_that_work_now()
    {
        var driver = Open();
        Assert.DoesNotContain("less", driver.Frame.Lines()[23]);
        Assert.Contains("k less", driver.Press("j").Frame.Lines()[23]);
        Assert.Contains("? help", driver.Frame.Lines()[23]);
        Assert.Contains("q quit", driver.Frame.Lines()[23]);
    }

    [Fact]
    public void What_is_said_goes_away()
    {
        var driver = Open().Press("k");
        Assert.Contains("nothing left", driver.Wait(3).Text);
        Assert.DoesNotContain("nothing left", driver.Wait(5).Text);
    }

    [Fact]
    public void Screens_keep_what_they_are_while_others_are_looked_at()
    {
        var driver = Open().Press("j j Enter j");
        Assert.Equal(ScreenId.Run, driver.Model.Active);
        Assert.Contains("Run 1", driver.Text);
        Assert.Contains("Runs 2", driver.Press("Esc").Text);
        Assert.Contains("Run 1", driver.Press("2").Text);
        Assert.Contains("Runs 2", driver.Press("Esc Esc").Text);
    }

    [Theory]
    [InlineData("q")]
    [InlineData("Ctrl-c")]
    [InlineData("? Ctrl-c")]
    [InlineData("/ Ctrl-c")]
    [InlineData("d Ctrl-c")]
    public void Keys_to_quit_quit(string keys) => Assert.IsType<Effect.Quit>(Open().Press(keys).Left.Single());

    [Fact]
    public void A_filter_is_typed_letter_by_letter_and_given_up_with_Esc()
    {
        var driver = Open().Press("/").Type("qj?");
        Assert.Contains("[qj?]", driver.Text);
        Assert.Contains("/qj?", driver.Frame.Lines()[22]);
        Assert.Empty(driver.Left);
        driver.Press("Enter");
        Assert.Equal("qj?", ((PlainScreen)driver.Model.Screen).Entered);
        driver.Press("/ Ctrl-u").Type("z").Press("Esc");
        Assert.Null(((PlainScreen)driver.Model.Screen).Entered);
        Assert.True(driver.Model.Layers.IsEmpty);
    }

    [Fact]
    public void What_destroys_asks_first()
    {
        var driver = Open().Press("d");
        Assert.Contains("Remove it?", driver.Text);
        Assert.DoesNotContain("removed", driver.Press("j q").Text);
        Assert.DoesNotContain("removed", driver.Press("d Esc").Text);
        Assert.Contains("removed", driver.Press("d y").Text);
        Assert.True(driver.Model.Layers.IsEmpty);
    }

    [Fact]
    public void Help_tells_the_keys_of_the_screen_and_closes()
    {
        var driver = Open().Press("?");
        Assert.Contains("j, Down", driver.Text);
        Assert.Contains("not now: there is nothing left", driver.Text);
        Assert.Contains("Everywhere", driver.Press("G").Text);
        Assert.True(driver.Press("q").Model.Layers.IsEmpty);
        Assert.Contains("Help", driver.Press("F1").Text);
    }

    [Fact]
    public void A_screen_may_take_h_for_left()
    {
        Assert.Contains("left", Open().Press("h").Frame.Lines()[22]);
    }

    [Fact]
    public void News_of_the_runs_reach_every_screen_once()
    {
        var driver = Open();
        _runs.Add("a", RunStatus.Running);
        driver.Wait(5);
        Assert.Contains("1 runs", driver.Text);
        Assert.Contains("1 running", driver.Frame.Lines()[0]);
        Assert.All(driver.Model.Screens.Values, screen => Assert.Equal(2, ((PlainScreen)screen).Heard));
    }

    [Fact]
    public void A_run_that_is_gone_is_neither_chosen_nor_marked()
    {
        _runs.Add("a", RunStatus.Running);
        var driver = Open();
        driver.Model = driver.Model with { Context = driver.Model.Context with { Chosen = "a", Marked = ["a"] } };
        _runs.Runs.Clear();
        driver.Wait(2);
        Assert.Null(driver.Model.Context.Chosen);
        Assert.Empty(driver.Model.Context.Marked);
    }

    [Fact]
    public void The_history_is_read_of_the_run_that_is_seen_and_of_no_other()
    {
        _runs.Add("a", RunStatus.Running);
        _runs.Histories["a"] = new RunCurves { Steps = 7 };
        var driver = Open().Wait(2);
        Assert.Empty(driver.Model.Context.Data.Histories);
        driver.Press("Enter").Wait(2);
        Assert.Equal(7, driver.Model.Context.Data.Histories["a"].Steps);
        Assert.Contains(Subscriptions.Of(driver.Model), one => one is Subscription.History);
        Assert.DoesNotContain(Subscriptions.Of(driver.Press("Esc").Model), one => one is Subscription.History);
    }

    [Fact]
    public void The_mode_is_cycled_and_kept()
    {
        var driver = Open().Press("m");
        var kept = Assert.IsType<Effect.Set>(driver.Left.Single());
        Assert.Equal(ViewMode.Full, kept.Settings.Mode);
        Assert.True(driver.Press("m").Model.Context.Compact);
        Assert.Equal(ViewMode.Auto, driver.Press("m").Model.Context.Settings.Mode);
    }

    [Fact]
    public void Any_messages_in_any_order_leave_something_to_be_drawn_at_any_size()
    {
        string[] names =
            ["j", "k", "h", "/", "d", "Enter", "Esc", "?", "q", "m", "1", "2", "9", "Tab", "F5", "Ctrl-u", "PgDn", "G", "Left", "Backspace", "y", "Ctrl-z", "Ctrl-l"];
        var message = Gen.OneOf<Msg>(
            Gen.Elements(names).Select(name => (Msg)new Msg.Pressed(Key.Parse(name))),
            Sizes.Gen.Select(size => (Msg)new Msg.Resized(size)),
            Gen.Choose(0, 100).Select(seconds => (Msg)new Msg.Tick(FakeRuns.Now.AddSeconds(seconds))),
            Gen.Elements("", "a\nb", "漢字").Select(text => (Msg)new Msg.Pasted(text)),
            Gen.Elements<Msg>(new Msg.Said("bad", Tone.Bad), new Msg.RunsRead([]), new Msg.Resumed(), new Msg.Moused(new MousePress(MouseAction.WheelUp, 1, 1)), new Msg.Moused(new MousePress(MouseAction.Click, 900, 1))));
        Prop.ForAll(message.ListOf().ToArbitrary(), all =>
        {
            var model = Open().Model;
            foreach (var one in all)
            {
                (model, _) = Update.Of(model, one);
                Assert.Equal(model.Context.Size, View.Of(model).Size);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(60));
    }

    [Theory]
    [InlineData(39, 12)]
    [InlineData(1, 1)]
    [InlineData(80, 11)]
    public void A_terminal_that_is_too_small_says_what_is_needed(int columns, int rows)
    {
        var said = Open().Resize(columns, rows).Text;
        Assert.StartsWith("needs 40×12, h"[..Math.Min(columns - 1, 14)], said);
    }

    internal Driver Open(bool readOnly = false) =>
        new(
            _runs,
            new Context { ReadOnly = readOnly },
            [new PlainScreen(ScreenId.Runs), new PlainScreen(ScreenId.Run), new PlainScreen(ScreenId.Sweep)]);
}
