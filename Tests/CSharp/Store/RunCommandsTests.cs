using Microsoft.FSharp.Collections;
using SynthSae.Compute.Files;
using SynthSae.Hosting;
using SynthSae.Store;
using Xunit;

namespace SynthSae.Tests.Store;

/// <summary>The commands that look after runs, as one types them.</summary>
public sealed class RunCommandsTests : IClassFixture<RunCommandsTests.ThreeRuns>, IDisposable
{
    private readonly ThreeRuns _runs;
    private readonly TemporaryFolder _folder = new();

    public RunCommandsTests(ThreeRuns runs) => _runs = runs;

    public void Dispose() => ((IDisposable)_folder).Dispose();

    /// <summary>Runs that tests look at and do not change.</summary>
    public sealed class ThreeRuns : IDisposable
    {
        internal RunProcess Program { get; } = new();

        public ThreeRuns()
        {
            string[] small = ["tiny", "--samples", "16k", "--eval-samples", "1k"];
            Assert.Equal(0, Program.Execute("20260101-a", small).Code);
            Assert.Equal(0, Program.Execute("20260102-b", [.. small, "--set", "sae.k=4"]).Code);
            Assert.Equal(0, Program.Execute("20260103-c", [.. small, "--sweep", "sae.k=2,3"]).Code);
        }

        public void Dispose() => Program.Dispose();
    }

    private Outcome Run(params string[] args)
    {
        var outcome = _runs.Program.Run(args);
        Assert.True(outcome.Code == 0, outcome.Error);
        return outcome;
    }

    [Fact]
    public void Ls_lists_runs_the_newest_first()
    {
        var lines = Run("ls").Out.Split('\n');
        Assert.StartsWith("state     run", lines[0]);
        Assert.Equal(
            ["20260103-c", "20260102-b", "20260101-a"],
            lines[1..4].Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]));
        Assert.All(lines, line => Assert.True(line.Length <= 100, line));
    }

    [Fact]
    public void Ls_picks_sorts_and_limits()
    {
        IEnumerable<string> Ids(params string[] args) =>
            Cli.json(Run(["ls", "--json", .. args]).Out)["runs"]!.AsArray()
                .Select(run => run!["run"]!.ToString());
        Assert.Equal(["20260102-b"], Ids("k=4"));
        Assert.Equal(["20260102-b"], Ids("sae.k=4"));
        Assert.Equal(["20260103-c", "20260102-b"], Ids("--", "-20260101"));
        Assert.Equal(["20260101-a", "20260102-b"], Ids("--sort", "run", "--limit", "2"));
        Assert.Equal(
            ["20260103-c", "20260102-b"], Ids("--sort", "run", "--reverse", "--limit", "2"));
        Assert.Empty(Ids("state:failed"));
        Assert.Equal(3, Ids("--sort", "f1", "state:finished").Count());
        Assert.Contains("None of the 3 runs", Run("ls", "nothing").Error);

        var wrong = _runs.Program.Run("ls", "--sort", "mc");
        Assert.Equal(ExitCode.BadInput, wrong.Code);
        Assert.Contains("there is no column mc; did you mean \"mcc\"?", wrong.Error);
    }

    [Fact]
    public void An_empty_folder_says_how_to_begin()
    {
        var outcome = Cli.run(ListModule.OfSeq(["ls", "--runs", _folder.File("none")]));
        Assert.Equal(0, outcome.Code);
        Assert.Equal("", outcome.Out);
        Assert.Contains("synthsae run small", outcome.Error);
    }

    [Fact]
    public void Show_tells_state_scores_and_files()
    {
        var shown = Run("show", "20260101").Out;
        Assert.StartsWith("20260101-a\n", shown);
        foreach (var word in new[] { "finished at 20", "BatchTopK", "F1 ", "result.json", "Repeat it" })
        {
            Assert.Contains(word, shown);
        }

        var json = Cli.json(Run("show", "20260101", "--json").Out);
        Assert.Equal("finished", json["status"]!.ToString());
        Assert.Equal("finished", json["result"]!["status"]!.ToString());
        Assert.NotNull(json["spec"]!["sae"]);
    }

    [Fact]
    public void Compare_shows_only_what_differs_and_by_how_much()
    {
        var shown = Run("compare", "20260101-a", "20260102-b").Out;
        Assert.Matches(@"field +A +B\nsae\.k +3(\.0)? +4(\.0)?\n\nmetric", shown);
        Assert.Contains("B − A", shown);

        var json = Cli.json(Run("compare", "20260101-a", "20260103-c", "--json").Out);
        Assert.Equal(["A", "B0", "B1"], json["runs"]!.AsArray().Select(run => run!["label"]!.ToString()));
        var field = Assert.Single(json["spec"]!.AsArray())!;
        Assert.Equal("sae.k", field["path"]!.ToString());
        Assert.Equal([3.0, 2, 3], field["values"]!.AsArray().Select(value => value!.GetValue<double>()));
        var f1 = json["metrics"]!.AsArray().Single(one => one!["name"]!.ToString() == "f1_score")!;
        // The SAE of the sweep is the one that stands alone.
        Assert.Equal(
            f1["values"]![0]!["value"]!.GetValue<double>(),
            f1["values"]![2]!["value"]!.GetValue<double>());

        Assert.Contains("The specifications are the same", Run("compare", "@3", CopyOf("20260101-a")).Out);
        var one = _runs.Program.Run("compare", "@2", "@2");
        Assert.Equal(ExitCode.BadInput, one.Code);
        Assert.Contains("takes 2 to 8 different SAEs", one.Error);
    }

    [Fact]
    public void Logs_are_words_or_the_lines_themselves()
    {
        var words = Run("logs", "20260101-a").Out;
        Assert.Matches(@"^20\d\d-\d\d-\d\d \d\d:\d\d:\d\dZ  started: 16 steps\n", words);
        Assert.Contains("training: 16 steps\n", words);
        Assert.Contains("step 16  loss ", words);
        Assert.Matches(@"Z  finished after .*\n$", words);

        var file = File.ReadAllText(_runs.Program.Folder("20260101-a").EventsFile);
        Assert.Equal(file, Run("logs", "20260101-a", "--json").Out);
        var last = Run("logs", "20260101-a", "-n", "2", "--follow").Out;
        Assert.Equal(2, last.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public void Following_a_log_ends_with_the_run()
    {
        using var program = new RunProcess();
        var process = program.Start("run", "small", "--samples", "10G", "--quiet");
        program.WaitFor("run", "steps", run => run.Snapshot.Step > 0);
        var follow = Task.Run(() => program.Run("logs", "-f", "run"));
        Controls.Send(program.Folder("run"), RunRequest.Stop);
        Assert.Equal(143, Cli.finish(process).Code);
        Cli.waitFor("the end", Microsoft.FSharp.Core.FuncConvert.FromFunc(() => follow.IsCompleted));
#pragma warning disable xUnit1031 // it has ended
        Assert.Matches("Z  stopped after .*\n$", follow.Result.Out);
#pragma warning restore xUnit1031
    }

    [Fact]
    public void Tags_and_notes_are_given_shown_found_and_taken_away()
    {
        var run = CopyOf("20260102-b");
        Assert.Equal("good paper\n", Run("tag", run, "paper", "good").Out);
        Assert.Equal("good paper\n", Run("tag", run).Out);
        Assert.Equal("good\n", Run("tag", run, "paper", "--remove").Out);
        Assert.Equal("b has no note\n", Run("note", run).Out);
        Assert.Equal("as good as it gets\n", Run("note", run, "as", "good", "as it gets").Out);
        string[] here = ["--runs", _folder.Path];
        Assert.Contains(" good", Cli.run(ListModule.OfSeq(["ls", "tag:good", .. here])).Out);
        Assert.Contains("b has no note", Run("note", run, "").Out);
        var wrong = _runs.Program.Run("tag", run, "two words");
        Assert.Equal(ExitCode.BadInput, wrong.Code);
        Assert.Equal("good\n", Run("tag", run).Out);
    }

    [Fact]
    public void Rm_deletes_after_a_question_and_nothing_that_lives()
    {
        var run = CopyOf("20260101-a");
        Outcome Remove(string? answer, params string[] more)
        {
            using var output = new StringWriter();
            using var error = new StringWriter();
            var host = Host.Of(output, error) with
            {
                Answers = answer is null ? null : new StringReader(answer),
            };
            var code = Commands.CommandLine.Run(["rm", run, .. more], host);
            return new Outcome(code, $"{output}", $"{error}");
        }

        Assert.Equal(ExitCode.BadInput, Remove(null).Code);
        Assert.Equal(ExitCode.Failed, Remove("n\n").Code);
        Assert.Equal(ExitCode.Failed, Remove("").Code);
        using (FolderLock.Take(run))
        {
            var refused = Remove(null, "--yes");
            Assert.Equal(ExitCode.BadInput, refused.Code);
            Assert.Contains("is being written by another process", refused.Error);
        }

        Assert.True(File.Exists(Path.Combine(run, "result.json")));
        // What others have left half deleted goes, too.
        Directory.CreateDirectory(_folder.File(".old.removed/sae"));
        var removed = Remove("y\n");
        Assert.Contains("Delete this run? [y/N]", removed.Error);
        Assert.Equal("deleted b\n", removed.Out);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Rm_refuses_a_run_that_is_running()
    {
        using var program = new RunProcess();
        program.Start("run", "small", "--samples", "10G", "--quiet");
        program.WaitFor("run", "steps", run => run.Snapshot.Step > 0);
        var refused = program.Run("rm", "run", "--yes");
        Assert.Equal(ExitCode.BadInput, refused.Code);
        Assert.Contains("is running; stop it first", refused.Error);
    }

    // A copy that a test may change, under the name b.
    private string CopyOf(string id)
    {
        var (from, to) = (_runs.Program.Folder(id).Path, _folder.File("b"));
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }

        return to;
    }
}
