using System.Text.Json.Nodes;
using Microsoft.FSharp.Collections;
using SynthSae.Hosting;
using Xunit;

namespace SynthSae.Tests.Features;

/// <summary>What runs and evaluations say of the features, as a user gets it.</summary>
public sealed class FeatureFilesTests
{
    private const string Table = "features.csv";
    private const string Summary = "recovery.json";

    private static readonly string[] SmallRun =
    [
        "run", "tiny", "--samples", "6400", "--eval-samples", "2000", "--cache", "none", "--quiet",
        "--set", "batch_size=64",
    ];

    private static Outcome Run(params string[] args) => Cli.run(ListModule.OfSeq(args));

    private static void Ran(params string[] args)
    {
        var outcome = Run(args);
        Assert.True(outcome.Code == ExitCode.Ok, outcome.Error);
    }

    private static JsonObject ReadSummary(string folder) =>
        Cli.json(File.ReadAllText(Path.Combine(folder, Summary)));

    [Fact]
    public void A_run_leaves_both_files_and_eval_makes_the_same_ones_for_an_older_run()
    {
        using var folder = new TemporaryFolder();
        var run = folder.File("run");
        Ran([.. SmallRun, "--out", run]);
        Assert.Equal(33, File.ReadAllLines(Path.Combine(run, Table)).Length);
        var all = ReadSummary(run)["all"]!;
        string[] verdicts = ["recovered", "split", "absorbed", "missed"];
        Assert.Equal(
            all["features"]!.GetValue<int>(),
            verdicts.Sum(verdict => all[verdict]!.GetValue<int>()));

        var made = folder.File("made/here");
        Ran("eval", run, "--samples", "2000", "--features", "--out", made, "--cache", "none");
        foreach (var file in new[] { Table, Summary })
        {
            Assert.Equal(
                File.ReadAllText(Path.Combine(run, file)),
                File.ReadAllText(Path.Combine(made, file)));
        }
    }

    [Fact]
    public void Of_several_SAEs_each_has_its_own_files_and_they_are_those_of_a_run_alone()
    {
        using var folder = new TemporaryFolder();
        Ran([.. SmallRun, "--sweep", "sae.k=2,4", "--out", folder.File("several")]);
        Ran([.. SmallRun, "--set", "sae.k=4", "--out", folder.File("one")]);
        var saes = Directory.GetDirectories(folder.File("several/saes")).Order().ToArray();
        Assert.Equal(2, saes.Length);
        Assert.False(File.Exists(folder.File($"several/{Table}")));
        foreach (var file in new[] { Table, Summary })
        {
            Assert.True(File.Exists(Path.Combine(saes[0], file)));
            Assert.Equal(
                File.ReadAllText(folder.File($"one/{file}")),
                File.ReadAllText(Path.Combine(saes[1], file)));
        }
    }

    [Fact]
    public void Eval_shows_shares_by_depth_rate_and_magnitude_and_has_them_in_its_JSON()
    {
        using var folder = new TemporaryFolder();
        var run = folder.File("run");
        Ran([.. SmallRun, "--out", run]);
        string[] eval = ["eval", run, "--samples", "2000", "--cache", "none"];
        var shown = Run([.. eval, "--features"]).Out;
        foreach (var word in new[] { "recovered", "absorbed", "depth", "active in", "magnitude" })
        {
            Assert.Contains(word, shown, StringComparison.Ordinal);
        }

        var json = Cli.json(Run([.. eval, "--features", "--json"]).Out);
        Assert.True(JsonNode.DeepEquals(ReadSummary(run), json["recovery"]));
        Assert.False(Cli.json(Run([.. eval, "--json"]).Out).ContainsKey("recovery"));
    }

    [Fact]
    public void Where_to_write_is_refused_without_what_to_write()
    {
        using var folder = new TemporaryFolder();
        Ran([.. SmallRun, "--out", folder.File("run")]);
        var outcome = Run("eval", folder.File("run"), "--out", folder.File("here"));
        Assert.Equal(ExitCode.BadInput, outcome.Code);
        Assert.StartsWith("synthsae: --out: ", outcome.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.File("here")));
    }
}
