using SynthSae.Compute;
using SynthSae.Compute.Files;
using SynthSae.Store;
using Xunit;

namespace SynthSae.Tests.Store;

/// <summary>Folders of runs: what is listed, and what runs are called.</summary>
public sealed class StoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => ((IDisposable)_folder).Dispose();

    private RunStore Store => new(_folder.Path);

    private string Make(string id, RunStatus status = RunStatus.Finished, string events = "")
    {
        var path = _folder.File(id);
        Directory.CreateDirectory(path);
        File.WriteAllText(Path.Combine(path, "run.json"), $"{{\"name\":\"{id}\",\"spec\":{{\"seed\":3}}}}");
        File.WriteAllText(Path.Combine(path, "events.jsonl"), events);
        var snapshot = new RunSnapshot
        {
            Status = status,
            Step = 7,
            Host = ThisHost.Name,
            Boot = ThisHost.Boot,
            Updated = DateTime.UtcNow,
        };
        File.WriteAllText(Path.Combine(path, "status.json"), $"{snapshot.ToJson()}");
        return path;
    }

    private static void Age(string folder) =>
        Directory.SetLastWriteTimeUtc(folder, DateTime.UtcNow.AddMinutes(-5));

    [Fact]
    public void What_is_no_run_is_left_out()
    {
        Make("b");
        Make("a");
        Directory.CreateDirectory(_folder.File("empty"));
        Directory.CreateDirectory(_folder.File(".hidden"));
        Make(".being-removed");
        File.WriteAllText(_folder.File("a-file"), "");
        Directory.CreateDirectory(_folder.File("damaged"));
        File.WriteAllText(_folder.File("damaged/run.json"), "{ torn");
        Assert.Equal(["a", "b"], Store.List().Select(run => run.Id));
        Assert.Empty(new RunStore(_folder.File("nowhere")).List());
        Assert.Equal(3, Store.Get("a").Seed);
    }

    [Fact]
    public void A_link_to_a_run_is_a_run()
    {
        using var elsewhere = new TemporaryFolder();
        var path = Make("there");
        Directory.Move(path, elsewhere.File("moved"));
        Directory.CreateSymbolicLink(_folder.File("link"), elsewhere.File("moved"));
        Assert.Equal("link", Assert.Single(Store.List()).Id);
    }

    [Fact]
    public void Runs_that_have_not_changed_are_not_opened_again()
    {
        for (var i = 0; i < 20; i++)
        {
            Age(Make($"run-{i:00}"));
        }

        Store.List();
        Assert.True(File.Exists(_folder.File(RunIndex.FileName)));
        var (same, other) = (_folder.File("run-03"), _folder.File("run-07"));
        var time = Directory.GetLastWriteTimeUtc(same);
        foreach (var path in new[] { same, other })
        {
            File.WriteAllText(
                Path.Combine(path, "status.json"),
                $"{new RunSnapshot { Status = RunStatus.Failed }.ToJson()}");
        }

        // The one looks as before, the other was changed.
        Directory.SetLastWriteTimeUtc(same, time);
        Directory.SetLastWriteTimeUtc(other, DateTime.UtcNow);
        var runs = Store.List().ToDictionary(run => run.Id, run => run.Status);
        Assert.Equal(RunStatus.Finished, runs["run-03"]);
        Assert.Equal(RunStatus.Failed, runs["run-07"]);
        // By name a run is always opened.
        Assert.Equal(RunStatus.Failed, Store.Get("run-03").Status);
    }

    [Fact]
    public void A_change_right_after_reading_is_not_overlooked()
    {
        for (var i = 0; i < 20; i++)
        {
            Make($"run-{i:00}");
        }

        var store = Store;
        store.List();
        var path = _folder.File("run-03");
        var time = Directory.GetLastWriteTimeUtc(path);
        File.WriteAllText(
            Path.Combine(path, "status.json"),
            $"{new RunSnapshot { Status = RunStatus.Failed }.ToJson()}");
        Directory.SetLastWriteTimeUtc(path, time); // within a tick of the clock
        foreach (var reader in new[] { store, Store })
        {
            Assert.Equal(RunStatus.Failed, reader.List().Single(run => run.Id == "run-03").Status);
        }
    }

    [Fact]
    public void A_run_that_dies_after_it_was_listed_is_not_listed_as_running()
    {
        for (var i = 0; i < 20; i++)
        {
            Age(Make($"run-{i:00}", RunStatus.Running));
        }

        var store = Store;
        var held = FolderLock.Take(_folder.File("run-03"));
        Assert.Equal(
            ["run-03"],
            store.List().Where(run => run.Status == RunStatus.Running).Select(run => run.Id));
        ((IDisposable)held).Dispose();
        Assert.DoesNotContain(store.List(), run => run.Status == RunStatus.Running);
        Assert.DoesNotContain(Store.List(), run => run.Status == RunStatus.Running);
    }

    [Fact]
    public void An_index_that_is_lost_or_damaged_costs_time_only()
    {
        for (var i = 0; i < 20; i++)
        {
            Age(Make($"run-{i:00}"));
        }

        var whole = Store.List().Select(run => run.Id).ToList();
        var file = _folder.File(RunIndex.FileName);
        var bytes = File.ReadAllBytes(file);
        var damaged = bytes.ToArray();
        damaged[bytes.Length / 2] ^= 1;
        foreach (var content in new[] { [], [1, 2, 3], bytes[..^9], damaged })
        {
            File.WriteAllBytes(file, content);
            Assert.Equal(whole, Store.List().Select(run => run.Id));
        }

        File.Delete(file);
        Directory.CreateDirectory(file);
        Assert.Equal(whole, Store.List().Select(run => run.Id));
    }

    [Fact]
    public async Task Runs_may_come_and_go_while_they_are_listed()
    {
        for (var i = 0; i < 50; i++)
        {
            Make($"run-{i:00}");
        }

        using var done = new CancellationTokenSource();
        var others = Task.Run(() =>
        {
            for (var i = 0; !done.IsCancellationRequested; i = (i + 1) % 50)
            {
                Directory.Delete(_folder.File($"run-{i:00}"), true);
                Make($"run-{i:00}");
            }
        });
        for (var i = 0; i < 30; i++)
        {
            Assert.All(Store.List(), run => Assert.StartsWith("run-", run.Id));
        }

        await done.CancelAsync();
        await others;
    }

    [Fact]
    public void A_run_is_called_by_its_id_a_part_of_it_its_path_or_its_age()
    {
        foreach (var id in new[] { "20260101-topk", "20260102-topk", "20260203-gated", "2026" })
        {
            Make(id);
        }

        string? Id(string name) => Store.Find(name)?.Id;
        Assert.Equal("20260101-topk", Id("20260101-topk"));
        Assert.Equal("20260101-topk", Id("20260101"));
        Assert.Equal("20260203-gated", Id("gated"));
        Assert.Equal("20260203-gated", Id(_folder.File("20260203-gated") + "/"));
        Assert.Equal("20260203-gated", Id("@last"));
        Assert.Equal("20260102-topk", Id("@2"));
        Assert.Equal("2026", Id("2026")); // an id before all that begin with it
        Assert.Null(Id("nothing"));
        Assert.Null(Id(""));
        Assert.Null(Id("@5"));
        Assert.Null(Id(".."));

        var error = Assert.Throws<BadInput>(() => Id("topk"));
        Assert.Contains("fits 2 runs", error.Message);
        Assert.Contains("20260101-topk\n  20260102-topk", error.Message);
        Assert.Contains("must be @last", Assert.Throws<BadInput>(() => Id("@first")).Message);
        Assert.Contains(
            "did you mean \"20260203-gated\"?",
            Assert.Throws<BadInput>(() => Store.Get("20260203-gatd")).Message);
    }

    [Fact]
    public void Tags_that_two_give_at_once_are_both_kept()
    {
        var folder = SynthSae.Runs.RunFolder.Open(Make("run"));
        Parallel.For(0, 20, i => RunLabels.Change(folder, labels => labels.With($"tag-{i:00}")));
        Assert.Equal(20, RunLabels.Read(folder).Tags.Count);
    }

    [Fact]
    public void Specifications_are_compared_field_by_field()
    {
        static System.Text.Json.Nodes.JsonObject Spec(string json) =>
            SynthSae.Formatting.Json.TryObject(json)!;
        var difference = SpecDifference.Of(
        [
            Spec("""{"seed":0,"lr":0.001,"sae":{"k":6,"widths":[1,2]},"trees":[{"a":1},{"a":2}]}"""),
            Spec("""{"seed":0,"lr":0.002,"sae":{"k":6,"widths":[1,3]},"trees":[{"a":1}],"x":null}"""),
        ]);
        Assert.Equal(
            ["lr", "sae.widths", "trees[1].a", "x"], difference.Select(field => field.Path));
        Assert.Equal(["0.001", "0.002"], difference[0].Values);
        Assert.Equal(["[1,2]", "[1,3]"], difference[1].Values);
        Assert.Equal(["2", null], difference[2].Values);
        Assert.Equal([null, "null"], difference[3].Values);
    }
}
