using SynthSae.Slurm;
using SynthSae.Store;
using Xunit;

namespace SynthSae.Tests.Slurm;

public sealed class StandingTests
{
    private static Standing Of(object? status, string state, string reason = "") =>
        Standing.Of(
            (RunStatus?)status,
            "what it says",
            new RunInSlurm("a", new SlurmTaskId(12, 3), state, reason, "n1", "/s/001-3.log"));

    [Theory]
    [InlineData(RunStatus.Queued)]
    [InlineData(RunStatus.Stopped)]
    [InlineData(RunStatus.Interrupted)]
    [InlineData(RunStatus.Failed)]
    public void What_waits_in_Slurm_is_pending_whatever_became_of_it_before(object status)
    {
        var standing = Of(status, "PENDING", "Resources");
        Assert.Equal(new Standing("pending", "job 12_3 (Resources)"), standing);
    }

    [Theory]
    [InlineData(RunStatus.Queued)]
    [InlineData(RunStatus.Running)]
    [InlineData(RunStatus.Stopped)]
    [InlineData(RunStatus.Interrupted)]
    public void What_Slurm_runs_is_running_even_if_its_lock_is_not_seen_from_here(object status) =>
        Assert.Equal(new Standing("running", "job 12_3 on n1"), Of(status, "RUNNING"));

    [Theory]
    [InlineData(RunStatus.Finished, "RUNNING", "finished")]
    [InlineData(RunStatus.Failed, "COMPLETING", "failed")]
    [InlineData(RunStatus.Finished, "PENDING", "finished")]
    [InlineData(RunStatus.Finished, "FAILED", "finished")]
    [InlineData(RunStatus.Failed, "FAILED", "failed")]
    [InlineData(RunStatus.Paused, "COMPLETED", "paused")]
    [InlineData(RunStatus.Stopped, "CANCELLED", "stopped")]
    [InlineData(RunStatus.Failed, "", "failed")]
    [InlineData(RunStatus.Finished, "", "finished")]
    public void How_a_run_ended_it_knows_best_itself(object status, string state, string word) =>
        Assert.Equal(new Standing(word, "what it says"), Of(status, state));

    [Theory]
    [InlineData(RunStatus.Queued, "TIMEOUT", "")]
    [InlineData(RunStatus.Running, "OUT_OF_MEMORY", "")]
    [InlineData(RunStatus.Interrupted, "FAILED", "NonZeroExitCode")]
    [InlineData(RunStatus.Running, "NODE_FAIL", "")]
    [InlineData(null, "FAILED", "exit code 127")]
    public void What_ended_without_a_word_has_failed_and_Slurm_says_how(
        object? status, string state, string reason)
    {
        var standing = Of(status, state, reason);
        Assert.Equal("failed", standing.Word);
        Assert.Contains($"ended as {state}", standing.Message);
        Assert.Contains(reason, standing.Message);
        Assert.Contains("/s/001-3.log", standing.Message);
    }

    [Fact]
    public void What_was_cancelled_before_it_began_is_cancelled() =>
        Assert.Equal("cancelled", Of(RunStatus.Queued, "CANCELLED").Word);

    [Theory]
    [InlineData(RunStatus.Queued)]
    [InlineData(RunStatus.Running)]
    [InlineData(RunStatus.Interrupted)]
    public void What_nobody_knows_of_any_more_has_vanished(object status) =>
        Assert.Equal("vanished", Of(status, "").Word);
}
