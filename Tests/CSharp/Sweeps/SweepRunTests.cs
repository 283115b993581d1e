using System.Globalization;
using Microsoft.FSharp.Core;
using SynthSae.Sweeps;
using Xunit;

namespace SynthSae.Tests.Sweeps;

/// <summary>Sweeps that are run to their tables.</summary>
public sealed class SweepRunTests : IDisposable
{
    private readonly SweepFixture _fixture = new();

    [Fact]
    public void A_sweep_is_run_to_a_table_of_means_and_deviations_over_its_seeds()
    {
        var sweep = _fixture.Done(_fixture.Write("tiny.json", SweepFixture.Tiny));
        var record = SweepRecord.Read(sweep);
        Assert.Equal(8, record.Entries.Count);
        // 4 SAEs see the same samples; other seeds see others.
        Assert.Equal(2, record.Runs.Count);
        foreach (var run in record.Runs)
        {
            var json = SweepFixture.Read(Path.Combine(sweep.RunPath(run), "run.json"));
            Assert.Equal(sweep.Id, (string?)json["sweep"]);
        }

        var rows = File.ReadAllLines(sweep.CsvFile);
        Assert.Equal(5, rows.Length);
        var heading = rows[0].Split(',').ToList();
        Assert.Equal(["sae.d_sae", "sae.k", "runs", "finished", "failed"], heading.Take(5));
        Assert.Equal("16,2,2,2,0,", rows[3][..11]);
        var entries = record.Entries.Where(entry => entry.Point.SequenceEqual(["16", "2"]));
        (string, string)[] forms = [("training_form", "trained_"), ("saved_form", "saved_")];
        foreach (var (form, prefix) in forms)
        {
            foreach (var metric in new[] { "f1_score", "mcc", "explained_variance", "sae_l0" })
            {
                var values = entries.Select(entry => (double)
                    SweepFixture.Result(sweep, entry)["evaluation"]![form]![metric]!["value"]!);
                var (a, b) = (values.First(), values.Last());
                AssertCell(rows[3], heading.IndexOf(prefix + metric), (a + b) / 2);
                AssertCell(
                    rows[3],
                    heading.IndexOf(prefix + metric + "_sd"),
                    Math.Abs(a - b) / Math.Sqrt(2));
            }
        }

        var json2 = SweepFixture.Read(sweep.JsonFile);
        Assert.Equal(4, json2["points"]!.AsArray().Count);
        Assert.Contains("| 16 | 2 | ", File.ReadAllText(sweep.MarkdownFile));
    }

    private static void AssertCell(string row, int column, double expected) =>
        Assert.Equal(
            expected, double.Parse(row.Split(',')[column], CultureInfo.InvariantCulture), 1e-12);

    [Fact]
    public void Grouped_trials_are_to_the_bit_what_they_are_alone()
    {
        var together = _fixture.Done(_fixture.Write("tiny.json", SweepFixture.Tiny));
        var alone = _fixture.Done(_fixture.Write(
            "alone.json",
            SweepFixture.Tiny.Replace("\"seeds\": 2", "\"seeds\": 2, \"group\": false")));
        var (grouped, single) = (SweepRecord.Read(together), SweepRecord.Read(alone));
        Assert.Equal(2, grouped.Runs.Count);
        Assert.Equal(8, single.Runs.Count);
        foreach (var (a, b) in grouped.Entries.Zip(single.Entries))
        {
            Assert.Equal((a.Point, a.Seed), (b.Point, b.Seed), Same);
            Assert.Equal(SweepFixture.Weights(together, a), SweepFixture.Weights(alone, b));
            Assert.Equal(
                SweepFixture.Result(together, a)["evaluation"]!.ToJsonString(),
                SweepFixture.Result(alone, b)["evaluation"]!.ToJsonString());
        }
    }

    private static bool Same(
        (IReadOnlyList<string> Point, long Seed) a, (IReadOnlyList<string> Point, long Seed) b) =>
        a.Seed == b.Seed && a.Point.SequenceEqual(b.Point);

    [Fact]
    public void A_run_that_fails_keeps_no_other_from_finishing_and_stands_in_the_table()
    {
        var file = _fixture.Write("diverges.json", SweepFixture.Tiny
            .Replace("{\"sae.k\": [2, 3]}", "{\"lr\": [0.001, 1e30]}")
            .Replace("[8, 16]", "[8]")
            .Replace("\"seeds\": 2", "\"seeds\": 1"));
        var outcome = _fixture.Sweep(file, "--cache", "none", "--quiet");
        Assert.Equal(2, outcome.Code);
        Assert.Contains("1 of 2 SAEs finished", outcome.Out, StringComparison.Ordinal);
        Assert.Contains("0 of 1: 1 failed", outcome.Out, StringComparison.Ordinal);
        var sweep = Assert.Single(SweepFolder.All(_fixture.Runs));
        var rows = File.ReadAllLines(sweep.CsvFile);
        Assert.StartsWith("8,0.001,1,1,0,0.", rows[1], StringComparison.Ordinal);
        Assert.StartsWith("8,1e30,1,0,1,,,", rows[2], StringComparison.Ordinal);
    }

    [Fact]
    public void A_sweep_in_the_background_is_left_to_the_supervisor_and_shown_when_it_is_done()
    {
        var file = _fixture.Write("tiny.json", SweepFixture.Tiny);
        using var child = _fixture.Start(
            [("SYNTHSAE_STATE", "state"), ("SYNTHSAE_SUPERVISOR_IDLE", "1")],
            [file, "--executor", "background", "--runs", _fixture.Runs]);
        var outcome = Cli.finish(child);
        Assert.True(outcome.Code == 0, outcome.Error);
        Assert.Contains("How it stands: synthsae sweep show", outcome.Error);
        var sweep = Assert.Single(SweepFolder.All(_fixture.Runs));
        var record = SweepRecord.Read(sweep);
        Cli.waitFor("the supervisor", FuncConvert.FromFunc(() =>
            SweepTable.Read(sweep, record).All.All(trial => trial.IsFinished)));
        Assert.Contains("8 of 8 SAEs finished", _fixture.Sweep("show").Out);
        Assert.Contains(
            "0 of 2 runs to be done", _fixture.Sweep("--resume", sweep.Path).Error);
    }

    [Fact]
    public void What_was_lost_of_a_sweep_is_missing_in_its_table_and_made_again()
    {
        var sweep = _fixture.Done(_fixture.Write("tiny.json", SweepFixture.Tiny));
        var record = SweepRecord.Read(sweep);
        var before = SweepFixture.Weights(sweep, record.Entries[^1]);
        var kept = File.GetLastWriteTimeUtc(
            Path.Combine(sweep.RunPath(record.Runs[0]), "result.json"));
        Directory.Delete(sweep.RunPath(record.Runs[1]), recursive: true);
        var shown = _fixture.Sweep("show");
        Assert.Equal(0, shown.Code);
        Assert.Contains("1 of 2: 1 missing", shown.Out, StringComparison.Ordinal);
        var again = _fixture.Sweep("--resume", "tiny-test", "--quiet");
        Assert.True(again.Code == 0, again.Error);
        Assert.Contains("8 of 8 SAEs finished", again.Out, StringComparison.Ordinal);
        Assert.Equal(before, SweepFixture.Weights(sweep, record.Entries[^1]));
        Assert.Equal(kept, File.GetLastWriteTimeUtc(
            Path.Combine(sweep.RunPath(record.Runs[0]), "result.json")));
    }

    public void Dispose() => _fixture.Dispose();
}
