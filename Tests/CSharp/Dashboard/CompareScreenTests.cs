using SynthSae.Dashboard;
using SynthSae.Dashboard.Comparison;
using SynthSae.Store;
using SynthSae.Terminal;
using Xunit;

namespace SynthSae.Tests.Dashboard;

public sealed class CompareScreenTests
{
    private readonly FakeRuns _source = Screens.Source();

    [Fact]
    public void Marked_runs_stand_beside_each_other_with_what_differs()
    {
        var text = Open("Space Space").Text;
        Assert.Contains("1 022405-l0-k15", text);
        Assert.Contains("2 022305-l0-k45", text);
        Assert.Contains("sae.k", text);
        Assert.DoesNotContain("training_samples", text);
    }

    [Fact]
    public void The_best_of_a_row_has_a_star()
    {
        var items = CompareItem.Of(SomeRuns.OfEachState.Take(3));
        var rows = CompareTable.Metrics(items).ToDictionary(row => row.Name);
        Assert.Equal(-1, rows["state"].Best);
        Assert.Equal(-1, rows["L0"].Best);
        Assert.Equal(-1, rows["F1"].Best); // only one is known
        var other = SomeRuns.OfEachState[2];
        var better = other with
        {
            Snapshot = other.Snapshot with { Saes = [other.Snapshot.Saes[0] with { F1 = 0.9, Dead = 50 }] },
        };
        rows = CompareTable.Metrics(CompareItem.Of([other, better])).ToDictionary(row => row.Name);
        Assert.Equal(1, rows["F1"].Best);
        Assert.Equal(0, rows["dead latents"].Best);
        Assert.Equal(-1, rows["MCC"].Best); // a tie
    }

    [Fact]
    public void SAEs_of_one_run_are_compared_like_those_of_several()
    {
        var run = SomeRuns.Run("several");
        run = run with { Snapshot = run.Snapshot with { Saes = [run.Snapshot.Saes[0], run.Snapshot.Saes[0] with { K = 40 }] } };
        var items = CompareItem.Of([run]);
        Assert.Equal(2, items.Count);
        var spec = SomeCurves.Spec(0);
        spec.Remove("sae");
        spec["saes"] = new System.Text.Json.Nodes.JsonArray(
            SomeCurves.Spec(25)["sae"]!.DeepClone(), SomeCurves.Spec(40)["sae"]!.DeepClone());
        var fields = CompareTable.Fields([.. items.Select(item => item.SpecOf(spec))]);
        Assert.Equal(["sae.k"], fields.Select(field => field.Name));
        Assert.Equal(["25", "40"], fields[0].Values);
    }

    [Fact]
    public void No_more_than_eight_are_compared_and_the_screen_says_so()
    {
        var run = SomeRuns.Run("many");
        run = run with { Snapshot = run.Snapshot with { Saes = [.. Enumerable.Repeat(run.Snapshot.Saes[0], 12)] } };
        _source.Runs.Add(run);
        var driver = Screens.Open(_source, new Size(120, 40)).Wait(1);
        driver.Press("/").Type("many").Press("Enter c").Wait(1);
        Assert.Contains("the first 8 of 12 SAEs", driver.Text);
    }

    [Fact]
    public void Nothing_marked_says_how_to_mark()
    {
        Assert.Contains("mark up to 8 runs with Space", Screens.Open(_source).Wait(1).Press("3").Text);
        Assert.Contains("nothing is compared", Screens.Open(_source).Wait(1).Press("3 L").Text);
    }

    [Fact]
    public void Charts_and_table_can_be_seen_alone()
    {
        var driver = Open("Space Space");
        Assert.Contains("what differs", driver.Text);
        Assert.DoesNotContain("what differs", driver.Press("Tab").Text);
        Assert.Contains("loss", driver.Text);
        Assert.Contains("what differs", driver.Press("Tab").Text);
    }

    [Fact]
    public void The_metric_can_be_changed_and_runs_left_out()
    {
        var driver = Open("Space Space").Press("Tab ]");
        Assert.Contains("R²", driver.Text);
        driver.Press("Backspace");
        Assert.Single(driver.Model.Context.Marked);
        driver.Press("u");
        Assert.Contains("nothing is compared", driver.Text);
    }

    // The runs of the sweep, or what else the keys mark.
    private Driver Open(string marks) =>
        Screens.Open(_source, handlers: new FakeActions())
            .Wait(1).Press("/").Type("sweep:l0").Press($"Enter Z {marks} c").Wait(1);
}
