using System.Diagnostics;
using SynthSae.Compute;
using SynthSae.Slurm;
using Xunit;

namespace SynthSae.Tests.Slurm;

/// <summary>What the client says of Slurm, a real Slurm confirms.</summary>
[Collection(SlurmCollection.Name)]
[Trait("Category", "Slurm")]
public sealed class RealSlurmTests(SlurmCluster cluster) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => ((IDisposable)_folder).Dispose();

    private Submission Submit(string command, params string[] runs) =>
        new SubmissionFolder(_folder.File("slurm 100%")).Submit(
            cluster.Client,
            new SlurmOptions { Time = "10" },
            "test",
            ["bash", "-c", command, "task"],
            [.. runs.Select(run => (run, run))]);

    private static bool AllEnded(IReadOnlyList<SlurmTask> queue, Submission submission) =>
        queue.Count(task => task.Id.Array == submission.Job && task.Phase == SlurmPhase.Ended)
            == submission.Runs.Count;

    [SlurmFact]
    public void Tasks_run_with_the_runs_of_their_index_and_end_as_their_programs_do()
    {
        var submission = Submit("echo got $1; exit $1", "0", "3");
        var queue = cluster.WaitFor("both tasks", queue => AllEnded(queue, submission));
        var ends = queue.Where(task => task.Id.Array == submission.Job)
            .OrderBy(task => task.Id.Task).ToList();
        Assert.Equal(["COMPLETED", "FAILED"], ends.Select(task => task.State));
        Assert.All(ends, task => Assert.Equal(submission.Script, task.Script));
        Assert.Equal("NonZeroExitCode", ends[1].Reason);
        Assert.Equal("got 3\n", File.ReadAllText(submission.LogFile(1)));
    }

    [SlurmFact]
    public void A_task_that_is_cancelled_has_ended()
    {
        var submission = Submit("exec sleep 100", "a");
        _ = cluster.WaitFor("the start", queue => queue.Any(task =>
            task.Id.Array == submission.Job && task.Phase == SlurmPhase.Running));
        cluster.Client.Cancel([new SlurmTaskId(submission.Job!.Value, null)]);
        var queue = cluster.WaitFor("its end", queue => AllEnded(queue, submission));
        var task = queue.Single(task => task.Id.Array == submission.Job);
        Assert.Equal("CANCELLED", task.State);
        cluster.Client.Cancel([new SlurmTaskId(submission.Job!.Value, null)]);
    }

    [SlurmFact]
    public void A_refusal_names_what_is_wrong()
    {
        var problem = Assert.Throws<BadInput>(() => new SubmissionFolder(_folder.Path).Submit(
            cluster.Client,
            new SlurmOptions { Partition = "nope" },
            "test",
            ["true"],
            [("a", "a")]));
        Assert.Contains("invalid partition specified: nope", problem.Message);
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [SlurmFact]
    public void The_largest_array_is_what_the_cluster_says() =>
        Assert.Equal(1000, cluster.Client.MostTasks());

    [SlurmFact]
    public void A_controller_that_is_down_is_told_within_seconds()
    {
        var configuration = File.ReadAllText(cluster.Variables[SlurmClient.ConfigurationVariable]);
        var down = _folder.File("slurm.conf");
        File.WriteAllText(down, configuration.Replace("SlurmctldPort=", "SlurmctldPort=1#"));
        var variables = new Dictionary<string, string>
        {
            [SlurmClient.ConfigurationVariable] = down,
        };
        var clock = Stopwatch.StartNew();
        var client = new SlurmClient(new ProcessCommands(ProcessCommands.Patience, variables));
        var problem = Assert.Throws<BadInput>(client.Check);
        Assert.Contains("its controller does not answer", problem.Message);
        Assert.DoesNotContain('\n', problem.Message);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(15), $"took {clock.Elapsed}");
    }
}
