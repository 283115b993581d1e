using SynthSae.Store;
using SynthSae.Store.Filtering;
using SynthSae.Tests.Dashboard;
using Xunit;

namespace SynthSae.Tests.Store;

public sealed class RunFilterTests
{
    private static readonly Dictionary<string, string> Spec = new()
    {
        ["sae.lr"] = "0.0003",
        ["sae.architecture"] = "\"batchtopk\"",
        ["training_samples"] = "200000000",
    };

    [Theory]
    [InlineData("", 8)]
    [InlineData("topk", 1)]
    [InlineData("TOPK", 1)]
    [InlineData("baseline", 2)]
    [InlineData("state:running", 1)]
    [InlineData("state:fin", 2)]
    [InlineData("state:active", 2)]
    [InlineData("state:failed,stopped", 2)]
    [InlineData("state=stop", 0)]
    [InlineData("tag:paper", 1)]
    [InlineData("-tag:baseline", 6)]
    [InlineData("tag!=baseline", 6)]
    [InlineData("sweep:l0", 2)]
    [InlineData("arch:batch", 8)]
    [InlineData("k=25", 5)]
    [InlineData("k=15,45", 2)]
    [InlineData("k>15 k<=45", 6)]
    [InlineData("f1>0.8 state:finished", 2)]
    [InlineData("dead<1%", 0)]
    [InlineData("dead>1%", 7)]
    [InlineData("done>=50%", 2)]
    [InlineData("step=940", 5)]
    public void Words_pick_the_runs_that_fit_all_of_them(string text, int count) =>
        Assert.Equal(count, Pick(text, _ => null).Count);

    [Theory]
    [InlineData("state:")]
    [InlineData("k=")]
    [InlineData("k>")]
    [InlineData("-")]
    [InlineData("  ")]
    public void A_word_that_is_still_being_typed_picks_all(string text) =>
        Assert.Equal(SomeRuns.OfEachState.Count, Pick(text, _ => null).Count);

    [Theory]
    [InlineData("sae.lr=3e-4", true)]
    [InlineData("lr=0.0003", true)]
    [InlineData("lr>1e-3", false)]
    [InlineData("architecture:topk", true)]
    [InlineData("sae.architecture=batchtopk", true)]
    [InlineData("sae.architecture=topk", false)]
    [InlineData("sae.architecture!=topk", true)]
    [InlineData("training_samples=200M", true)]
    [InlineData("no.such.field=1", false)]
    public void Any_field_of_the_specification_can_be_asked_for(string text, bool fits)
    {
        var filter = RunFilter.Parse(text);
        var run = SomeRuns.Run("one") with { };
        Assert.Equal(fits, filter.Matches(run, _ => Spec));
    }

    [Fact]
    public void Specifications_are_needed_only_for_what_the_list_does_not_have()
    {
        Assert.False(RunFilter.Parse("k=25 state:running topk").NeedsSpecs);
        Assert.True(RunFilter.Parse("topk lr=1").NeedsSpecs);
    }

    [Fact]
    public void No_value_fits_no_comparison()
    {
        var filter = RunFilter.Parse("f1<2");
        Assert.False(filter.Matches(SomeRuns.Run("new", RunStatus.Queued), _ => null));
    }

    private static List<RunSummary> Pick(
        string text, Func<RunSummary, IReadOnlyDictionary<string, string>?> spec)
    {
        var filter = RunFilter.Parse(text);
        return [.. SomeRuns.OfEachState.Where(run => filter.Matches(run, spec))];
    }
}
