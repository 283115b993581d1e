using SynthSae.Hosting;
using SynthSae.Settings;
using SynthSae.Slurm;
using SynthSae.Sweeps;
using Xunit;

namespace SynthSae.Tests.Slurm;

public sealed class SlurmExecutorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly StringWriter _said = new();
    private readonly FakeSlurm _slurm;
    private int _jobs;

    public SlurmExecutorTests() =>
        _slurm = FakeSlurm.Up(_folder)
            .Answering("scontrol", "MaxArraySize            = 3\n")
            .Doing("sbatch", _ => new CommandOutcome(0, $"{++_jobs}\n", ""));

    public void Dispose() => ((IDisposable)_folder).Dispose();

    private SweepStart Sweep(params (string, string)[] flags)
    {
        var file = _folder.File("mine.json");
        File.WriteAllText(
            file,
            """
            {"name": "mine", "base": "tiny", "group": false, "axes": [{"sae.k": [2, 3, 4]}]}
            """);
        return SweepStart.Anew(SweepPlans.Load(file, []), Settings(flags));
    }

    private AppSettings Settings(params (string Name, string Value)[] flags) =>
        SettingsReader.Read(flags
            .Append((SettingNames.Runs.Name, _folder.File("runs")))
            .ToDictionary(flag => flag.Item1, flag => (string?)flag.Item2));

    private SweepProgress Execute(SweepStart start, params (string, string)[] flags) =>
        new SlurmExecutor(_slurm.Client).Execute(
            new SweepJob(
                start.Folder,
                start.Record,
                start.Missing,
                Settings(flags),
                Host.Of(TextWriter.Null, _said)),
            CancellationToken.None);

    private List<string> Submitted => [.. _slurm.Asked.Where(line => line.StartsWith("sbatch"))];

    private static string Script(SweepStart start, int number) =>
        File.ReadAllText(Path.Combine(start.Folder.Path, "slurm", $"00{number}.sh"));

    [Fact]
    public void More_runs_than_an_array_may_have_become_several_jobs()
    {
        using var start = Sweep();
        Assert.Equal(SweepProgress.HandedOver, Execute(start));
        Assert.Equal(2, Submitted.Count);
        Assert.Contains("--array=0-1 ", Submitted[0]);
        Assert.Contains("--array=0-0 ", Submitted[1]);
        Assert.Contains("submitted job 2 of a task", _said.ToString());
        var runs = SubmissionFolder.Of(start.Folder).Submissions.SelectMany(job => job.Runs);
        Assert.Equal(start.Record.Runs, runs);
    }

    [Fact]
    public void Runs_that_wait_or_run_in_Slurm_are_not_submitted_again()
    {
        using var start = Sweep();
        _ = Execute(start);
        var folder = SubmissionFolder.Of(start.Folder);
        var scripts = folder.Submissions.Select(job => job.Script).ToList();
        _ = _slurm.Answering("squeue", $"""
            1|0|PENDING|Priority|0:00||{scripts[0]}
            1|1|FAILED|NonZeroExitCode|0:00|n0|{scripts[0]}
            2|0|RUNNING|None|0:01|n0|{scripts[1]}
            """);
        _ = Execute(start);
        Assert.Equal(3, Submitted.Count);
        var again = folder.Submissions[^1];
        Assert.Equal([start.Record.Runs[1]], again.Runs);
        Assert.Contains("2 of them wait or run in Slurm already", _said.ToString());
    }

    [Fact]
    public void Runs_on_a_GPU_ask_for_one_and_use_what_they_are_given()
    {
        using var start = Sweep((SettingNames.Device.Name, "cuda:1"));
        _ = Execute(start);
        Assert.Contains("--gpus-per-node=1 ", Submitted[0]);
        Assert.Contains("--device cuda ", Script(start, 1));
    }

    [Fact]
    public void Runs_on_the_processor_ask_for_no_GPU()
    {
        using var start = Sweep();
        _ = Execute(start);
        Assert.DoesNotContain("gpus", Submitted[0]);
        Assert.DoesNotContain("--device", Script(start, 1));
    }

    [Fact]
    public void Runs_compute_with_as_many_threads_as_they_get_processors()
    {
        using var start = Sweep();
        _ = Execute(start, ("slurm_cpus", "6"));
        Assert.Contains("--cpus-per-task=6 ", Submitted[0]);
        Assert.Contains("--threads 6 ", Script(start, 1));
        Assert.Contains("--requeue-on-warning ", Script(start, 1));
    }

    [Fact]
    public void Threads_on_the_command_line_prevail()
    {
        using var start = Sweep();
        _ = Execute(start, ("slurm_cpus", "6"), ("threads", "3"));
        Assert.Contains("--cpus-per-task=3 ", Submitted[0]);
        Assert.Contains("--threads 3 ", Script(start, 1));
    }

    [Fact]
    public void Where_nothing_is_to_be_queued_again_a_warning_changes_nothing()
    {
        using var start = Sweep();
        _ = Execute(start, ("slurm_requeue", "no"));
        Assert.Contains("--no-requeue ", Submitted[0]);
        Assert.DoesNotContain("warning", Script(start, 1));
    }
}
