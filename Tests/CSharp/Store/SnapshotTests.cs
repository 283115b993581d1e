using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using SynthSae.Formatting;
using SynthSae.Runs;
using SynthSae.Store;
using Xunit;

namespace SynthSae.Tests.Store;

public sealed class SnapshotTests
{
    private static string Text(RunSnapshot snapshot) => Json.Line(snapshot.ToJson());

    [Fact]
    public void A_snapshot_comes_back_from_its_file_as_it_was() =>
        Prop.ForAll(AnySnapshot.Any.ToArbitrary(), snapshot =>
        {
            var read = RunSnapshot.OfJson(Json.TryObject(Text(snapshot))!)!;
            Assert.Equal(snapshot.Saes, read.Saes);
            Assert.Equal(snapshot, read with { Saes = snapshot.Saes });
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_snapshot_of_which_any_field_is_missing_or_of_another_kind_can_be_read()
    {
        var odd = new JsonNode?[] { null, "?", 1e300, -3, true, new JsonArray(1), new JsonObject() };
        var cases =
            from snapshot in AnySnapshot.Any
            from field in Gen.Elements<string>([.. new RunSnapshot().ToJson().Select(one => one.Key)])
            from value in Gen.Elements(odd)
            from gone in Gen.Elements(true, false)
            select (snapshot, field, value, gone);
        Prop.ForAll(cases.ToArbitrary(), one =>
        {
            var json = one.snapshot.ToJson();
            if (one.gone)
            {
                json.Remove(one.field);
            }
            else
            {
                json[one.field] = one.value?.DeepClone();
            }

            json["of a later version"] = 1;
            var read = RunSnapshot.OfJson(json);
            Assert.True(read is not null || one.field == "status");
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Labels_come_back_from_their_file_as_they_were()
    {
        var labels = new RunLabels([], "said \"so\"\n").With("b").With("a").With("b");
        var read = RunLabels.OfJson(labels.ToJson());
        Assert.Equal(["a", "b"], read.Tags);
        Assert.Equal(labels.Note, read.Note);
        Assert.Equal(["b"], labels.Without("a").Tags);
    }

    [Fact]
    public void What_the_index_keeps_of_a_run_is_all_that_a_list_shows()
    {
        var cases =
            from snapshots in AnySnapshot.Any.ListOf()
            from seed in Gen.Choose(0, 1000)
            select (snapshots, seed);
        Prop.ForAll(cases.ToArbitrary(), one =>
        {
            using var folder = new TemporaryFolder();
            var runs = one.snapshots.Select((snapshot, i) => new KnownRun($"id-{i}", i, 7, i % 5 == 4
                ? null
                : new RunSummary(
                    $"id-{i}",
                    folder.File($"id-{i}"),
                    "name",
                    i % 2 == 0 ? null : "sweep",
                    one.seed,
                    snapshot,
                    new RunLabels(["x", "y"], i % 2 == 0 ? "note" : null),
                    i % 3 == 0 ? null : i))).ToList();
            var index = new RunIndex(folder.Path);
            index.Write(runs);
            var read = index.Read();
            Assert.Equal(runs.Count, read.Count);
            foreach (var run in runs)
            {
                var found = read[run.Id];
                Assert.Equal((run.Changed, run.ReadAt), (found.Changed, found.ReadAt));
                Assert.Equal(run.Run is null, found.Run is null);
                if (run.Run is { } summary)
                {
                    Assert.Equal(Json.Line(summary.ToJson()), Json.Line(found.Run!.ToJson()));
                }
            }
        }).QuickCheckThrowOnFailure();
    }
}
