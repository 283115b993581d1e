using FsCheck;
using FsCheck.Fluent;
using SynthSae.Dashboard;
using SynthSae.Dashboard.Features;
using SynthSae.Features;
using SynthSae.Store;
using SynthSae.Terminal;
using SynthSae.Terminal.Input;
using SynthSae.Tests.Terminal;
using Xunit;

namespace SynthSae.Tests.Dashboard;

/// <summary>The screen of features, driven by keys.</summary>
public sealed class FeaturesScreenTests
{
    private static readonly string[] Two = ["0-batchtopk-48-k2", "1-batchtopk-48-k4"];

    private static Driver Open(
        SomeFeatures features, FakeRuns? runs = null, Size? size = null, Caps? caps = null)
    {
        if (runs is null)
        {
            runs = new FakeRuns();
            runs.Add("20300102-020405-small", RunStatus.Finished);
        }

        var context = new Context { Size = size ?? Size.Standard, Caps = caps ?? Caps.Full };
        Screen[] screens = [new PlainScreen(ScreenId.Runs), new FeaturesScreen()];
        return new Driver(runs, context, screens, features).Press("4");
    }

    private static FeaturesScreen Screen(Driver driver) =>
        Assert.IsType<FeaturesScreen>(driver.Model.Screen);

    private static IReadOnlyList<Key> AllKeys { get; } =
        [.. new FeaturesScreen().Keys(new Context()).SelectMany(binding => binding.Keys)];

    private static int? Selected(Driver driver) => Screen(driver).Tree!.Node;

    public static TheoryData<string, int, int, string> Pictures
    {
        get
        {
            var all = new TheoryData<string, int, int, string>();
            foreach (var tab in Enum.GetNames<FeatureTab>())
            {
                foreach (var size in Sizes.Golden)
                {
                    all.Add(tab, size.Columns, size.Rows, "full");
                }

                all.Add(tab, 80, 24, "ascii");
                all.Add(tab, 80, 24, "plain");
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Pictures))]
    public void Looks_as_in_its_picture(string tab, int columns, int rows, string terminal)
    {
        var caps = terminal switch
        {
            "ascii" => Caps.Least,
            "plain" => Caps.Full with { Colours = ColourDepth.None },
            _ => Caps.Full,
        };
        var driver = Open(new SomeFeatures { Saes = Two }, null, new Size(columns, rows), caps);
        for (var turn = 0; turn < (int)Enum.Parse<FeatureTab>(tab); turn++)
        {
            driver.Press("Tab");
        }

        if (tab == nameof(FeatureTab.Tree))
        {
            driver.Press("j l j l j j");
        }

        var name = $"features-{tab.ToLowerInvariant()}-{columns}x{rows}-{terminal}";
        Golden.Check(name, driver.Frame);
    }

    [Fact]
    public void Files_are_read_when_the_screen_is_entered_and_again_when_the_run_has_ended()
    {
        var features = new SomeFeatures { Problem = "nothing yet" };
        var runs = new FakeRuns();
        runs.Add("a", RunStatus.Running);
        var driver = Open(features, runs);
        Assert.Contains("nothing yet", driver.Text, StringComparison.Ordinal);
        driver.Press("Esc").Wait(5).Press("4");
        Assert.Single(features.Asked);
        features.Problem = null;
        runs.Change("a", run => run with
        {
            Snapshot = run.Snapshot with { Status = RunStatus.Finished },
        });
        driver.Wait(2);
        Assert.Equal(2, features.Asked.Count);
        Assert.Contains("recovered", driver.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_read_before_the_screen_is_entered_nor_of_runs_chosen_elsewhere()
    {
        var features = new SomeFeatures();
        var runs = new FakeRuns();
        runs.Add("a", RunStatus.Finished);
        runs.Add("b", RunStatus.Finished);
        var screens = new Screen[] { new PlainScreen(ScreenId.Runs), new FeaturesScreen() };
        var driver = new Driver(runs, new Context(), screens, features).Wait(3);
        Assert.Empty(features.Asked);
        driver.Press("4 Esc").Send(new Msg.RunsRead(runs.List()));
        driver.Model = driver.Model with { Context = driver.Model.Context with { Chosen = "a" } };
        driver.Wait(3);
        Assert.Equal("b", Assert.Single(features.Asked).Run);
        driver.Press("4");
        Assert.Equal(["b", "a"], features.Asked.Select(read => read.Run));
        driver.Press("J");
        Assert.Equal("b", features.Asked[^1].Run);
        Assert.Equal(3, features.Asked.Count);
    }

    [Fact]
    public void Brackets_go_from_SAE_to_SAE_and_keep_what_is_open_in_the_tree()
    {
        var features = new SomeFeatures { Saes = Two };
        var driver = Open(features).Press("Tab l");
        var lines = Screen(driver).Tree!.Lines;
        Assert.Contains(Two[0], driver.Text, StringComparison.Ordinal);
        driver.Press("]");
        Assert.Contains(Two[1], driver.Text, StringComparison.Ordinal);
        Assert.Equal([.. lines], Screen(driver).Tree!.Lines.ToArray());
        Assert.NotEqual(
            features.View(0).Summary!.All.Verdicts, Screen(driver).Content!.Summary!.All.Verdicts);
        driver.Press("]");
        Assert.Equal([0, 1, 0], features.Asked.Select(read => read.Sae));
        driver.Press("[");
        Assert.Equal(1, Screen(driver).Sae);
    }

    [Fact]
    public void With_one_SAE_brackets_say_why_they_do_nothing()
    {
        var driver = Open(new SomeFeatures()).Press("]");
        Assert.Contains("the run has one SAE", driver.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_comes_too_late_is_not_shown_under_another_name()
    {
        var features = new SomeFeatures { Saes = Two };
        var driver = Open(features).Press("]");
        var before = Screen(driver);
        driver.Send(new Msg.FeaturesRead("20300102-020405-small", 0, features.View(0)));
        driver.Send(new Msg.FeaturesRead("another", 1, features.View(0)));
        Assert.Same(before, Screen(driver));
    }

    [Fact]
    public void Keys_walk_the_tree_open_it_and_jump_to_what_is_lost()
    {
        var driver = Open(new SomeFeatures()).Press("Tab");
        Assert.Equal(0, Selected(driver));
        driver.Press("l l");
        Assert.Equal(4, Selected(driver));
        driver.Press("h h");
        Assert.Equal(0, Selected(driver));
        Assert.Equal(5, Screen(driver).Tree!.Lines.Length);
        driver.Press("a");
        var selected = Screen(driver).Tree!.Forest.Rows[Selected(driver)!.Value];
        Assert.Equal(FeatureVerdict.Absorbed, selected.Verdict);
        driver.Press("G");
        Assert.Equal(FeatureForest.Outside, Selected(driver));
        driver.Press("Enter G");
        Assert.Equal(61, Selected(driver));
        driver.Press("g e G E");
        Assert.Equal(FeatureForest.Outside, Selected(driver));
        driver.Press("f f f");
        Assert.Equal(FeatureVerdict.Absorbed, Screen(driver).Tree!.Only);
        Assert.All(Screen(driver).Tree!.Lines, line =>
            Assert.True(Screen(driver).Tree!.Forest.Count(line.Node, FeatureVerdict.Absorbed) > 0));
        driver.Press("f f");
        Assert.Null(Screen(driver).Tree!.Only);
    }

    [Fact]
    public void A_feature_is_found_by_its_number()
    {
        var driver = Open(new SomeFeatures()).Press("/").Type("27").Press("Enter");
        Assert.Equal(27, Selected(driver));
        Assert.Equal(FeatureTab.Tree, Screen(driver).Tab);
        Assert.Contains("27 recovered", driver.Text, StringComparison.Ordinal);
        driver.Press("/").Type("62").Press("Enter");
        Assert.Contains("from 0 to 61", driver.Text, StringComparison.Ordinal);
        Assert.Equal(27, Selected(driver));
    }

    [Fact]
    public void Shares_scroll_where_they_do_not_fit_and_never_beyond_their_end()
    {
        var driver = Open(new SomeFeatures(), null, new Size(40, 12));
        Assert.DoesNotContain("magnitude", driver.Text, StringComparison.Ordinal);
        driver.Press("G");
        Assert.Contains("4.6–4.8", driver.Text, StringComparison.Ordinal);
        var end = driver.Text;
        Assert.Equal(end, driver.Press("j PgDn").Text);
        Assert.NotEqual(end, driver.Press("k").Text);
        Assert.Contains("depth", driver.Press("g").Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_of_the_tree_say_elsewhere_that_they_are_for_the_tree()
    {
        foreach (var key in new[] { "l", "e", "f", "n", "a", "s", "Space" })
        {
            var text = Open(new SomeFeatures()).Press(key).Text;
            Assert.Contains("for the tree", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void It_can_be_drawn_and_every_key_pressed_at_any_size()
    {
        var presses = Gen.Elements(AllKeys.Select(key => $"{key}").ToArray()).ListOf();
        Prop.ForAll(
            Sizes.Gen.Zip(presses).ToArbitrary(),
            pair =>
            {
                var (size, keys) = pair;
                foreach (var problem in new[] { null, "nothing there" })
                {
                    var driver = Open(
                        new SomeFeatures { Saes = Two, Problem = problem },
                        null,
                        size,
                        size.Columns % 2 == 0 ? Caps.Full : Caps.Least);
                    foreach (var key in keys)
                    {
                        Assert.Equal(size, driver.Press(key).Frame.Size);
                    }
                }
            }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void No_two_keys_clash()
    {
        Assert.Equal(AllKeys.Count, AllKeys.Distinct().Count());
    }

    [Theory]
    [InlineData(10, 0, 0, 0, 5)]
    [InlineData(1, 1, 1, 997, 12)]
    [InlineData(0, 0, 0, 0, 7)]
    [InlineData(5, 5, 5, 5, 3)]
    [InlineData(333, 333, 333, 1, 100)]
    public void A_bar_is_as_long_as_its_place_and_shows_all_that_there_is(
        int r, int s, int a, int m, int width)
    {
        int[] counts = [r, s, a, m];
        var lengths = VerdictLook.Lengths(counts, width);
        Assert.Equal(counts.Sum() == 0 ? 0 : width, lengths.Sum());
        var shown = counts.Count(count => count > 0) <= width;
        Assert.All(counts.Zip(lengths), pair =>
        {
            Assert.True(pair.First > 0 || pair.Second == 0);
            Assert.True(pair.First == 0 || pair.Second > 0 || !shown);
        });
    }
}
