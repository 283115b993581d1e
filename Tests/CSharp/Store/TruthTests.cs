using SynthSae.Compute.Files;
using SynthSae.Store;
using Xunit;

namespace SynthSae.Tests.Store;

public sealed class TruthTests
{
    private static readonly DateTime Now = new(2026, 11, 21, 12, 0, 0, DateTimeKind.Utc);

    private static RunSnapshot Running(string? host, string? boot, double secondsAgo) =>
        new()
        {
            Status = RunStatus.Running,
            Host = host,
            Boot = boot,
            Updated = Now.AddSeconds(-secondsAgo),
        };

    private static RunStatus Status(RunSnapshot said, LockState state) =>
        RunTruth.Of(said, state, "this boot", Now);

    [Fact]
    public void A_run_whose_lock_is_held_is_running_however_long_it_was_silent() =>
        Assert.Equal(RunStatus.Running, Status(Running("elsewhere", "b", 1e6), LockState.Held));

    [Fact]
    public void A_run_of_this_machine_whose_lock_is_free_is_dead_at_once()
    {
        Assert.Equal(RunStatus.Interrupted, Status(Running(ThisHost.Name, "b", 0), LockState.Free));
        // In another container, or before a new start of the machine.
        Assert.Equal(
            RunStatus.Interrupted, Status(Running("container", "this boot", 0), LockState.Free));
        Assert.Equal(
            RunStatus.Interrupted, Status(Running(ThisHost.Name, "old boot", 0), LockState.Free));
        Assert.Equal(RunStatus.Interrupted, Status(Running(null, null, 0), LockState.Free));
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(599, true)]
    [InlineData(601, false)]
    public void A_run_that_cannot_be_seen_is_running_as_long_as_it_is_heard_of(
        double secondsAgo, bool runs)
    {
        var expected = runs ? RunStatus.Running : RunStatus.Interrupted;
        Assert.Equal(expected, Status(Running("elsewhere", "b", secondsAgo), LockState.Free));
        Assert.Equal(expected, Status(Running("elsewhere", "b", secondsAgo), LockState.Unknown));
        Assert.Equal(
            expected, Status(Running(ThisHost.Name, "this boot", secondsAgo), LockState.Unknown));
    }

    [Fact]
    public void What_is_not_said_to_run_stands_as_it_was_said()
    {
        foreach (var status in Enum.GetValues<RunStatus>().Where(one => one != RunStatus.Running))
        {
            var said = Running("elsewhere", "b", 1e6) with { Status = status };
            Assert.Equal(status, Status(said, LockState.Free));
            Assert.Equal(status, Status(said, LockState.Held));
        }
    }
}
