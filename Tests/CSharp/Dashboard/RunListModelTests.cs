using SynthSae.Dashboard.RunList;
using SynthSae.Store;
using SynthSae.Store.Filtering;
using Xunit;

namespace SynthSae.Tests.Dashboard;

public sealed class RunListModelTests
{
    private static RunListModel Model => RunListModel.Empty.With(SomeRuns.OfEachState);

    [Fact]
    public void The_newest_run_comes_first_and_runs_of_a_sweep_stand_together()
    {
        Assert.Equal(
            [
                "queued", "small-topk-4096-k25", "sweep/l0-sweep", "l0-k15", "l0-k45", "paused",
                "stopped", "interrupted", "finished-jumprelu",
            ],
            Names(Model));
        Assert.DoesNotContain("sweep/l0-sweep", Names(Model.ToggleGrouping()));
    }

    [Fact]
    public void A_sweep_that_is_folded_keeps_its_runs_to_itself()
    {
        var folded = Model.Move(3).ToggleFold();
        Assert.DoesNotContain("l0-k15", Names(folded));
        Assert.Equal("sweep/l0-sweep", folded.Row!.Key);
        Assert.Equal(2, folded.Targets.Count);
        Assert.Equal(Names(Model), Names(folded.ToggleFold()));
    }

    [Fact]
    public void The_selected_run_stays_selected_when_others_come_go_or_are_sorted()
    {
        var selected = Model.Move(5);
        var run = selected.Row!.Key;
        RunSummary[] more = [SomeRuns.Run("newer", minutesAgo: 0), .. SomeRuns.OfEachState];
        Assert.Equal(run, selected.With(more).Row!.Key);
        Assert.Equal(run, selected.With(RunOrder.By(RunFields.Find("loss")!)).Row!.Key);
        Assert.Equal(run, selected.With(RunFilter.Parse("paused")).Row!.Key);
    }

    [Fact]
    public void When_the_selected_run_goes_the_selection_keeps_its_place()
    {
        var selected = Model.Move(1);
        var without = selected.With([.. SomeRuns.OfEachState.Where(run => run.Name != "small-topk-4096-k25")]);
        Assert.Equal(selected.Selected, without.Selected);
        Assert.Equal(-1, selected.With([]).Selected);
        Assert.Null(selected.With([]).Row);
    }

    [Fact]
    public void Actions_concern_what_is_marked_or_else_the_selected_row()
    {
        Assert.Equal(["queued"], Model.Targets.Select(run => run.Name));
        var marked = Model.ToggleMark().ToggleMark();
        Assert.Equal(["queued", "small-topk-4096-k25"], marked.Targets.Select(run => run.Name));
        Assert.Equal(2, marked.Selected);
        Assert.Equal(["queued"], marked.Move(-1).ToggleMark().Targets.Select(run => run.Name));
        Assert.Empty(marked.Unmark().Marked);
    }

    [Fact]
    public void Marks_of_runs_that_are_gone_are_forgotten()
    {
        var marked = Model.ToggleMark().With([.. SomeRuns.OfEachState.Skip(1)]);
        Assert.Empty(marked.Marked);
    }

    [Theory]
    [InlineData("f1")]
    [InlineData("eta")]
    [InlineData("speed")]
    [InlineData("tags")]
    public void What_has_no_value_comes_last_in_either_order(string field)
    {
        var order = RunOrder.By(RunFields.Find(field)!);
        foreach (var one in new[] { order, order.Turned() })
        {
            var last = one.Sort(SomeRuns.OfEachState)[^1];
            Assert.Contains(last.Name, new[] { "finished-jumprelu", "interrupted" });
        }
    }

    [Fact]
    public void Every_column_can_be_sorted_by_and_back_to_the_first()
    {
        var order = RunOrder.Newest;
        for (var step = 0; step < RunFields.All.Count; step++)
        {
            Assert.Equal(8, order.Sort(SomeRuns.OfEachState).Count);
            Assert.Equal(order, order.Next(1).Next(-1));
            order = order.Next(1);
        }

        Assert.Equal(RunOrder.Newest, order);
    }

    [Fact]
    public void A_filter_asks_for_the_specifications_that_it_needs_once()
    {
        var asking = Model.With(RunFilter.Parse("lr=1"));
        Assert.Equal(8, asking.SpecsWanted.Count);
        Assert.Empty(asking.Rows);
        IReadOnlyDictionary<string, string> spec = new Dictionary<string, string> { ["lr"] = "1" };
        var told = asking.WithSpecs(asking.All.Take(3).Select(run => KeyValuePair.Create(run.Id, spec)));
        Assert.Equal(5, told.SpecsWanted.Count);
        Assert.Equal(3, told.Picked);
        Assert.Empty(told.With(RunFilter.All).SpecsWanted);
    }

    private static IEnumerable<string> Names(RunListModel model) =>
        model.Rows.Select(row => row is RunRow.One one ? one.Run.Name : row.Key);
}
