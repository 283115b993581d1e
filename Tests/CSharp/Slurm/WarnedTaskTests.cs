using System.Diagnostics;
using SynthSae.Hosting;
using SynthSae.Slurm;
using Xunit;

namespace SynthSae.Tests.Slurm;

/// <summary>These tests send signals to their own process.</summary>
[Collection(nameof(WarnedTaskTests))]
[CollectionDefinition(nameof(WarnedTaskTests), DisableParallelization = true)]
public sealed class WarnedTaskTests : IDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30);

    private readonly TemporaryFolder _folder = new();
    private readonly StringWriter _log = new();
    private readonly FakeSlurm _slurm;

    public WarnedTaskTests() =>
        _slurm = FakeSlurm.Up(_folder)
            .With("SLURM_JOB_ID", "12")
            .With("SLURM_ARRAY_JOB_ID", "12")
            .With("SLURM_ARRAY_TASK_ID", "3");

    public void Dispose() => ((IDisposable)_folder).Dispose();

    private static void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{Environment.ProcessId}"]);
        kill.WaitForExit();
    }

    private WarnedTask Task(TimeSpan patience) => new(_slurm, _log, patience);

    private static int SaveWhenWarned(CancellationToken warned)
    {
        Signal("USR1");
        Assert.True(warned.WaitHandle.WaitOne(Long));
        return ExitCode.Terminated;
    }

    [Fact]
    public void A_warned_task_saves_asks_to_be_queued_again_and_idles_until_it_is_ended()
    {
        _ = _slurm.Doing("scontrol", _ =>
        {
            Signal("TERM");
            return new CommandOutcome(0, "", "");
        });
        var clock = Stopwatch.StartNew();
        Assert.Equal(ExitCode.Terminated, Task(Long).Execute(SaveWhenWarned));
        Assert.Equal(["scontrol requeue 12_3"], _slurm.Asked);
        Assert.True(clock.Elapsed < Long);
    }

    [Fact]
    public void A_warned_task_that_cannot_be_queued_again_still_idles()
    {
        _ = _slurm.Failing("scontrol", "Requested operation is presently disabled for job 12\n");
        var clock = Stopwatch.StartNew();
        var patience = TimeSpan.FromMilliseconds(300);
        Assert.Equal(ExitCode.Terminated, Task(patience).Execute(SaveWhenWarned));
        Assert.True(clock.Elapsed >= patience);
        Assert.Contains("not queued again: scontrol: Requested operation", _log.ToString());
    }

    [Theory]
    [InlineData(ExitCode.Ok)]
    [InlineData(ExitCode.BadInput)]
    public void A_run_that_came_to_its_end_in_spite_of_the_warning_is_not_queued_again(int code)
    {
        Assert.Equal(code, Task(Long).Execute(warned =>
        {
            _ = SaveWhenWarned(warned);
            return code;
        }));
        Assert.Empty(_slurm.Asked);
    }

    [Fact]
    public void A_task_that_is_ended_without_a_warning_is_not_queued_again()
    {
        Assert.Equal(ExitCode.Terminated, Task(Long).Execute(_ => ExitCode.Terminated));
        Assert.Empty(_slurm.Asked);
    }
}
