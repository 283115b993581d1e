using SynthSae.Slurm;
using Xunit;

namespace SynthSae.Tests.Slurm;

public sealed class SlurmTaskTests
{
    // Of Slurm 22.05: squeue -h -r -t all --me -o FORMAT.
    private const string Queue = """
        1|2|PENDING|JobArrayTaskLimit|0:00||/shared/sweep/slurm/001.sh
        1|0|RUNNING|None|0:02|n0|/shared/sweep/slurm/001.sh
        1|1|PENDING|BeginTime|0:00||/shared/sweep/slurm/001.sh
        7|N/A|FAILED|NonZeroExitCode|0:00|n0|/home/one/a|b.sh
        8|3|CANCELLED|None|1-02:03:04|n0|/shared/sweep/slurm/002.sh
        """;

    private static SlurmTask[] Read(string text) =>
        [.. text.Split('\n').Select(SlurmTask.TryParse).OfType<SlurmTask>()];

    [Fact]
    public void Lines_of_the_queue_are_tasks_of_arrays_and_jobs()
    {
        var tasks = Read(Queue);
        Assert.Equal(
            [new(1, 2), new(1, 0), new(1, 1), new(7, null), new(8, 3)],
            tasks.Select(task => task.Id));
        Assert.Equal(
            [
                SlurmPhase.Pending, SlurmPhase.Running, SlurmPhase.Pending,
                SlurmPhase.Ended, SlurmPhase.Ended,
            ],
            tasks.Select(task => task.Phase));
        Assert.Equal("JobArrayTaskLimit", tasks[0].Reason);
        Assert.Equal(("", "n0", "0:02"), (tasks[1].Reason, tasks[1].Node, tasks[1].Used));
        Assert.Equal("/home/one/a|b.sh", tasks[3].Script);
    }

    [Theory]
    [InlineData("")]
    [InlineData("slurm_load_jobs error: Invalid job id specified")]
    [InlineData("x|0|RUNNING|None|0:02|n0|/a.sh")]
    [InlineData("1|0-3|PENDING|None|0:00||/a.sh")]
    public void A_line_that_names_no_single_task_is_none(string line) =>
        Assert.Null(SlurmTask.TryParse(line));

    [Theory]
    [InlineData("PENDING", SlurmPhase.Pending)]
    [InlineData("REQUEUE_HOLD", SlurmPhase.Pending)]
    [InlineData("COMPLETING", SlurmPhase.Running)]
    [InlineData("SUSPENDED", SlurmPhase.Running)]
    [InlineData("TIMEOUT", SlurmPhase.Ended)]
    [InlineData("OUT_OF_MEMORY", SlurmPhase.Ended)]
    [InlineData("A_WORD_OF_TOMORROW", SlurmPhase.Running)]
    public void What_is_not_known_to_have_ended_may_still_run(string state, object phase) =>
        Assert.Equal(phase, SlurmTask.PhaseOf(state));

    [Theory]
    [InlineData("12_3|FAILED|3:0", "FAILED", "exit code 3")]
    [InlineData("12_3|CANCELLED by 1000|0:15", "CANCELLED", "signal 15")]
    [InlineData("12_3|COMPLETED|0:0", "COMPLETED", "")]
    public void A_line_of_the_accounting_tells_how_a_task_has_ended(
        string line, string state, string reason)
    {
        var end = SlurmEnd.TryParse(line)!;
        Assert.Equal(new SlurmTaskId(12, 3), end.Id);
        Assert.Equal((state, reason), (end.State, end.Reason));
    }

    [Fact]
    public void A_line_of_the_accounting_for_tasks_that_wait_is_none() =>
        Assert.Null(SlurmEnd.TryParse("12_[4-9%2]|PENDING|0:0"));

    [Fact]
    public void A_task_is_named_by_its_array_and_index_even_if_its_job_has_the_number_of_the_array()
    {
        var variables = new Dictionary<string, string>
        {
            ["SLURM_JOB_ID"] = "12",
            ["SLURM_ARRAY_JOB_ID"] = "12",
            ["SLURM_ARRAY_TASK_ID"] = "5",
        };
        Assert.Equal(
            "12_5", $"{SlurmTaskId.OfEnvironment(variables.GetValueOrDefault)}");
        Assert.Equal(
            "13", $"{SlurmTaskId.OfEnvironment(name => name == "SLURM_JOB_ID" ? "13" : null)}");
        Assert.Null(SlurmTaskId.OfEnvironment(_ => null));
    }
}
