using SynthSae.Compute;
using SynthSae.Slurm;
using Xunit;

namespace SynthSae.Tests.Slurm;

public sealed class SubmissionTests : IDisposable
{
    private static readonly (string, string)[] Runs = [("a", "/runs/a"), ("b", "/runs/b")];

    private readonly TemporaryFolder _folder = new();
    private readonly SubmissionFolder _jobs;
    private readonly FakeSlurm _slurm;

    public SubmissionTests()
    {
        _jobs = new SubmissionFolder(_folder.File("slurm"));
        _slurm = FakeSlurm.Up(_folder).Answering("sbatch", "12\n");
    }

    public void Dispose() => ((IDisposable)_folder).Dispose();

    private Submission Submit(params (string, string)[] runs)
    {
        string[] command = ["synthsae", "work"];
        return _jobs.Submit(_slurm.Client, new SlurmOptions(), "name", command, runs);
    }

    private SweepQueue Queue(params string[] lines)
    {
        _ = _slurm.Answering("squeue", string.Join('\n', lines));
        return SweepQueue.Read(_slurm.Client, _jobs.Submissions);
    }

    [Fact]
    public void A_submission_is_kept_with_the_runs_of_its_tasks()
    {
        var submission = Submit(Runs);
        Assert.Equal(12, submission.Job);
        var read = Assert.Single(_jobs.Submissions);
        Assert.Equal((submission.Job, submission.Script), (read.Job, read.Script));
        Assert.Equal(["a", "b"], read.Runs);
        Assert.Contains("--array=0-1", _slurm.Asked[^1]);
    }

    [Fact]
    public void Submissions_have_files_of_their_own()
    {
        _ = Submit(Runs);
        var first = File.ReadAllText(_jobs.Submissions[0].Script);
        var second = Submit(Runs[1]);
        Assert.EndsWith("002.sh", second.Script);
        Assert.Equal(first, File.ReadAllText(_jobs.Submissions[0].Script));
        Assert.EndsWith("slurm/002-0.log", second.LogFile(0));
    }

    [Fact]
    public void A_submission_that_is_refused_leaves_nothing_behind()
    {
        _ = _slurm.Failing("sbatch", "sbatch: error: Invalid --time specification\n");
        _ = Assert.Throws<BadInput>(() => Submit(Runs));
        Assert.Empty(Directory.GetFiles(_jobs.Path));
    }

    [Fact]
    public void A_job_that_was_taken_although_the_answer_came_too_late_is_found_by_its_script()
    {
        var script = Path.Combine(_jobs.Path, "001.sh");
        _ = _slurm
            .Failing("sbatch", "sbatch: error: Socket timed out on send/recv operation\n")
            .Answering("squeue", $"77|0|PENDING|None|0:00||{script}\n");
        Assert.Equal(77, Submit(Runs).Job);
    }

    [Fact]
    public void A_job_whose_submission_nobody_outlived_is_found_by_its_script()
    {
        _ = _slurm.Failing("sbatch", "killed").Failing("squeue", "killed, too");
        _ = Assert.Throws<BadInput>(() => Submit(Runs));
        var script = Assert.Single(_jobs.Submissions).Script;
        var queue = Queue($"78|1|RUNNING|None|0:09|n3|{script}");
        Assert.Equal(new SlurmTaskId(78, 1), queue["b"]!.Task);
        Assert.True(queue["b"]!.IsActive);
        Assert.Null(queue["a"]!.Phase);
    }

    [Fact]
    public void Each_run_is_where_the_queue_says()
    {
        var script = Submit(Runs).Script;
        var queue = Queue(
            $"12|1|PENDING|Resources|0:00||{script}", $"12|0|RUNNING|None|0:02|n0|{script}");
        Assert.Equal("n0", queue["a"]!.Node);
        Assert.Equal("Resources", queue["b"]!.Reason);
        Assert.Equal(2, queue.Active.Count());
        Assert.Null(queue["c"]);
    }

    [Fact]
    public void A_run_that_was_submitted_twice_is_where_a_job_still_has_it()
    {
        var first = Submit(Runs).Script;
        _ = _slurm.Answering("sbatch", "13\n");
        var second = Submit(Runs).Script;
        var queue = Queue(
            $"12|0|FAILED|NonZeroExitCode|0:02|n0|{first}",
            $"12|1|RUNNING|None|0:02|n0|{first}",
            $"13|0|PENDING|Priority|0:00||{second}");
        Assert.Equal(new SlurmTaskId(13, 0), queue["a"]!.Task);
        Assert.Equal(new SlurmTaskId(12, 1), queue["b"]!.Task);
    }

    [Fact]
    public void What_the_queue_has_forgotten_the_accounting_may_know()
    {
        _ = Submit(Runs);
        _ = _slurm.Answering("sacct", "12_0|FAILED|9:0\n12_1|OUT_OF_MEMORY|0:125\n");
        var queue = Queue();
        Assert.Equal(("FAILED", "exit code 9"), (queue["a"]!.State, queue["a"]!.Reason));
        Assert.Equal("OUT_OF_MEMORY", queue["b"]!.State);
        Assert.Empty(queue.Active);
    }

    [Fact]
    public void A_record_that_is_damaged_counts_as_none()
    {
        _ = Submit(Runs);
        File.WriteAllText(_jobs.Submissions[0].RecordFile, "{\"job\": \"x\"}");
        Assert.Empty(_jobs.Submissions);
    }
}
