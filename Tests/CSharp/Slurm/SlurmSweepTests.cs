using System.Diagnostics;
using Microsoft.FSharp.Collections;
using SynthSae.Slurm;
using SynthSae.Sweeps;
using Xunit;

namespace SynthSae.Tests.Slurm;

/// <summary>Sweeps on a real cluster, typed as a user would.</summary>
[Collection(SlurmCollection.Name)]
[Trait("Category", "Slurm")]
public sealed class SlurmSweepTests(SlurmCluster cluster) : IDisposable
{
    private const string Endless = "\"training_samples\": 10000000000";

    private readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        if (SlurmFactAttribute.IsInstalled)
        {
            _ = cluster.Commands.Run("scancel", ["--me"]);
            _ = cluster.WaitFor("the node to be free", queue => queue.All(
                task => task.Phase == SlurmPhase.Ended));
        }

        ((IDisposable)_folder).Dispose();
    }

    private Outcome Type(params string[] arguments)
    {
        var variables = cluster.Variables.Select(pair => Tuple.Create(pair.Key, pair.Value));
        return Cli.spawn(
            _folder.Path, ListModule.OfSeq(variables), ListModule.OfSeq(arguments));
    }

    private Outcome Submit(params string[] arguments)
    {
        var outcome = Type(["sweep", .. arguments, "--executor", "slurm", "--slurm-cpus", "1"]);
        Assert.True(outcome.Code == 0, outcome.Error);
        return outcome;
    }

    private string SweepFile(string set, string axis = "\"sae.k\": [2, 3]", int seeds = 1)
    {
        var file = _folder.File("mine.json");
        File.WriteAllText(
            file,
            $$"""
            {
              "name": "mine", "base": "tiny", "group": false, "seeds": {{seeds}},
              "set": { {{set}}, "eval_samples": 2048 }, "axes": [{ {{axis}} }]
            }
            """);
        return file;
    }

    private SweepFolder Sweep => SweepFolder.Find("mine", _folder.File("runs"));

    private IReadOnlyList<TrialOutcome> Trials() =>
        [.. SweepTable.Read(Sweep, SweepRecord.Read(Sweep), cluster.Client).All];

    private void WaitForWords(params string[] words) => SlurmCluster.WaitUntil(
        string.Join(", ", words),
        () => Trials().Select(trial => trial.Word).Order().SequenceEqual(words.Order()));

    private List<string> Runs() => [.. Trials().Select(trial => Run(trial.Entry.Run))];

    private string Run(string name) => Path.Combine(_folder.File("runs"), name);

    private static void WaitForSteps(string run) => WaitForEvent(run, "\"event\":\"step\"");

    private static void WaitForEvent(string run, string text) => SlurmCluster.WaitUntil(
        text, () => File.ReadAllText(Path.Combine(run, "events.jsonl")).Contains(text));

    private static int Submissions(Outcome outcome) =>
        outcome.Error.Split('\n').Count(line => line.StartsWith("submitted job"));

    [SlurmFact]
    public void A_sweep_is_submitted_once_and_its_table_gathered_from_the_run_folders()
    {
        var outcome = Submit(SweepFile("\"training_samples\": 20480", seeds: 2));
        Assert.Contains("of 4 tasks", outcome.Error);
        Assert.Contains("synthsae sweep show", outcome.Error);
        Assert.Equal(0, Submissions(Submit("--resume", "mine")));
        WaitForWords("finished", "finished", "finished", "finished");
        var shown = Type("sweep", "show", "mine");
        Assert.Contains("4 of 4 SAEs finished", shown.Out);
        Assert.All(Trials(), trial => Assert.NotEmpty(trial.Scores));
        Assert.Equal(0, Submissions(Submit("--resume", "mine")));
    }

    [SlurmFact]
    public void A_sweep_that_is_cancelled_saves_what_ran_and_what_is_left_can_be_submitted_again()
    {
        _ = Submit(SweepFile(Endless), "--jobs", "1");
        WaitForWords("running", "pending");
        var shown = Type("sweep", "show").Out;
        Assert.Matches("pending: .*-k3: job [0-9]+_1 [(]JobArrayTaskLimit[)]", shown);
        var runs = Runs();
        WaitForSteps(runs[0]);
        Assert.Contains("cancelled 2 tasks", Type("sweep", "cancel", "mine").Error);
        WaitForWords("stopped", "cancelled");
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(runs[0], "checkpoints")));
        Assert.Contains("no such task", Type("sweep", "cancel", "mine").Error);
        Assert.Contains("of 2 tasks", Submit("--resume", "mine").Error);
        WaitForWords("running", "running");
    }

    [SlurmFact]
    public void A_run_that_is_preempted_goes_on_to_the_same_bits()
    {
        var file = SweepFile("\"training_samples\": 3000000", "\"sae.k\": [3]");
        Assert.Equal(0, Type("sweep", file, "--runs", "alone", "--quiet").Code);
        _ = Submit(file);
        WaitForWords("running");
        var run = Assert.Single(Runs());
        WaitForSteps(run);
        string[] urgent = ["-p", "hi", "-n", "4", "-o", "/dev/null", "--wrap", "exec sleep 1"];
        Assert.True(cluster.Commands.Run("sbatch", urgent).IsOk);
        WaitForWords("pending");
        WaitForWords("finished");
        Assert.Contains("goes on after step", File.ReadAllText(Path.Combine(run, "events.jsonl")));
        var alone = Assert.Single(Directory.GetDirectories(_folder.File("alone"), "*-k3"));
        Assert.Equal(Weights(alone), Weights(run));

        static byte[] Weights(string run) =>
            File.ReadAllBytes(Path.Combine(run, "sae", "sae_weights.safetensors"));
    }

    [SlurmFact]
    public void Running_tasks_are_put_back_into_the_queue_and_go_on()
    {
        _ = Submit(SweepFile(Endless, "\"sae.k\": [3]"));
        WaitForWords("running");
        var run = Assert.Single(Runs());
        WaitForSteps(run);
        Assert.Contains("put one task back", Type("sweep", "requeue", "mine").Error);
        WaitForWords("pending");
        WaitForWords("running");
        WaitForEvent(run, "goes on after step");
    }

    [SlurmFact]
    public void What_fails_or_is_killed_is_told_with_its_reason()
    {
        var outcome = Submit(SweepFile(Endless), "--slurm-args", "--hold");
        var job = long.Parse(outcome.Error.Split("submitted job ")[1].Split(' ')[0]);
        WaitForWords("pending", "pending");
        Assert.All(Trials(), trial => Assert.Contains("JobHeldUser", trial.Message));
        var runs = Runs();
        var description = Path.Combine(runs[0], "run.json");
        File.WriteAllText(
            description, File.ReadAllText(description).Replace("\"k\": 2", "\"k\": 2000"));
        Assert.True(cluster.Commands.Run("scontrol", ["release", $"{job}"]).IsOk);
        WaitForWords("failed", "running");
        WaitForSteps(runs[1]);
        string[] kill = ["--signal=KILL", "--batch", $"{job}_1"];
        Assert.True(cluster.Commands.Run("scancel", kill).IsOk);
        WaitForWords("failed", "failed");
        var said = Trials().Select(trial => trial.Message).ToList();
        Assert.Contains("k", said[0]);
        Assert.Contains("ended as FAILED", said[1]);
    }

    [SlurmFact]
    public void Without_its_controller_a_sweep_is_refused_within_seconds_and_leaves_nothing()
    {
        var configuration = File.ReadAllText(cluster.Variables[SlurmClient.ConfigurationVariable]);
        var down = _folder.File("slurm.conf");
        File.WriteAllText(down, configuration.Replace("SlurmctldPort=", "SlurmctldPort=1#"));
        var clock = Stopwatch.StartNew();
        var outcome = Cli.spawn(
            _folder.Path,
            ListModule.OfSeq([Tuple.Create(SlurmClient.ConfigurationVariable, down)]),
            ListModule.OfSeq(["sweep", SweepFile(Endless), "--executor", "slurm"]));
        Assert.Equal(2, outcome.Code);
        Assert.Matches("^synthsae: slurm: its controller does not answer: .*\n$", outcome.Error);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"took {clock.Elapsed}");
        Assert.False(Directory.Exists(_folder.File("runs")));
    }
}
