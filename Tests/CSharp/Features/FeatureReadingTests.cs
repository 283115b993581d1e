using System.Globalization;
using Microsoft.FSharp.Collections;
using SynthSae.Features;
using Xunit;

namespace SynthSae.Tests.Features;

/// <summary>Reading what a run left of the features.</summary>
public sealed class FeatureReadingTests
{
    private const string Table = "features.csv";
    private const string Summary = "recovery.json";

    private static string RunIn(TemporaryFolder folder, params string[] more)
    {
        string[] small =
        [
            "run", "tiny", "--samples", "6400", "--eval-samples", "2000", "--cache", "none",
            "--quiet", "--set", "batch_size=64", "--out", folder.File("run"), .. more,
        ];
        var outcome = Cli.run(ListModule.OfSeq(small));
        Assert.True(outcome.Code == 0, outcome.Error);
        return folder.File("run");
    }

    [Fact]
    public void What_a_run_wrote_is_read_as_it_stands_in_the_files()
    {
        using var folder = new TemporaryFolder();
        var run = RunIn(folder);
        var source = Assert.Single(FeatureSource.OfRun(run));
        Assert.Equal("sae", source.Label);
        var (summary, rows, problem) = source.Read();
        Assert.Null(problem);
        Assert.Equal(32, rows!.Count);
        Assert.Equal((2000, 32, 16), (summary!.Samples, summary.Features, summary.Latents));
        foreach (var verdict in FeatureVerdicts.All)
        {
            var seen = rows.Count(row => row.Verdict == verdict && row.Rate > 0);
            Assert.Equal(seen, summary.All[verdict]);
            Assert.Equal(seen, summary.ByDepth.Sum(depth => depth.Group[verdict]));
            Assert.Equal(seen, summary.ByRate.Sum(bin => bin.Group[verdict]));
            Assert.Equal(seen, summary.ByMagnitude.Sum(bin => bin.Group[verdict]));
        }

        var active = rows.Where(row => row.Rate > 0).ToList();
        Assert.Equal(active.Average(row => row.Best.F1), summary.All.MeanF1, 1e-4);
        Assert.Equal(
            active.Average(row => Math.Abs(row.Nearest.Cosine)), summary.All.MeanCosine, 1e-4);
        Assert.Equal(16, summary.HeatMap.Count);
        Assert.All(summary.HeatMap, row => Assert.Equal(32, row.Count));
        var line = File.ReadAllLines(Path.Combine(run, Table))[5].Split(',');
        Assert.Equal(line[1], $"{rows[4].Depth}");
        Assert.Equal(line[2], $"{rows[4].Parent}");
        Assert.Equal(
            double.Parse(line[7], CultureInfo.InvariantCulture), rows[4].Nearest.Cosine);
        Assert.Equal(line[19], rows[4].Verdict.Word());
    }

    [Fact]
    public void Of_several_SAEs_each_is_read_under_the_name_of_its_folder()
    {
        using var folder = new TemporaryFolder();
        var sources = FeatureSource.OfRun(RunIn(folder, "--sweep", "sae.k=2,4"));
        Assert.Equal(
            ["0-batchtopk-16-k2", "1-batchtopk-16-k4"], sources.Select(source => source.Label));
        Assert.All(sources, source => Assert.NotNull(source.Read().Summary));
        Assert.NotEqual(
            sources[0].Read().Summary!.All.MeanF1, sources[1].Read().Summary!.All.MeanF1);
    }

    [Fact]
    public void A_run_without_the_files_says_how_to_make_them_and_an_unfinished_one_when_they_come()
    {
        using var folder = new TemporaryFolder();
        var run = RunIn(folder);
        File.Delete(Path.Combine(run, Summary));
        var source = Assert.Single(FeatureSource.OfRun(run));
        var (summary, rows, problem) = source.Read();
        Assert.Null(summary);
        Assert.Null(rows);
        Assert.Contains(
            $"synthsae eval {run} --features --out {run}", problem, StringComparison.Ordinal);
        File.Delete(Path.Combine(run, "result.json"));
        Assert.Contains("at its end", source.Read().Problem, StringComparison.Ordinal);
        Directory.Delete(run, true);
        Assert.Equal("there is no run any more", source.Read().Problem);
    }

    [Theory]
    [InlineData(",recovered", ",found")]
    [InlineData("\n3,", "\n4,")]
    [InlineData("\n3,", "\nx,")]
    [InlineData("\n3,", "\n3,3,")]
    public void A_damaged_line_is_named(string there, string damage)
    {
        using var folder = new TemporaryFolder();
        var table = folder.File(Table);
        var sound = Sound.Replace(there, damage, StringComparison.Ordinal);
        File.WriteAllText(table, sound);
        var error = Assert.Throws<Compute.BadInput>(() => FeatureTable.Read(table));
        Assert.Contains($"{Table}, line 5", error.Message, StringComparison.Ordinal);
        File.WriteAllText(table, Sound);
        Assert.Equal(4, FeatureTable.Read(table).Count);
    }

    [Fact]
    public void A_file_of_another_version_is_told_from_a_damaged_one()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File(Table), "feature,depth\n");
        File.WriteAllText(folder.File(Summary), "{\"schema\":2}");
        foreach (var read in new Action[]
        {
            () => FeatureTable.Read(folder.File(Table)),
            () => FeatureSummaryFile.Read(folder.File(Summary)),
        })
        {
            var error = Assert.Throws<Compute.BadInput>(read);
            Assert.Contains("version", error.Message, StringComparison.Ordinal);
        }
    }

    private static string Sound { get; } =
        Compute.RecoveryReport.csvHeader + "\n"
        + "0,0,,0.1,0.1,1,0,1,1,1,1,0,1,1,1,1,1,1,0,missed\n"
        + "1,1,0,0.1,0.1,1,0,1,1,1,1,0,1,1,1,1,1,1,0,split\n"
        + "2,,,0.1,0,,0,1,1,1,1,0,1,1,1,1,1,1,0,missed\n"
        + "3,,,0.1,0.1,1,0,1,1,1,1,0,1,1,1,1,1,1,0,recovered\n";
}
