using SynthSae.Slurm;
using Xunit;

namespace SynthSae.Tests.Slurm;

public sealed class SlurmTimeTests
{
    [Theory]
    [InlineData("90", 5400)]
    [InlineData("1:30", 90)]
    [InlineData("2:30:00", 9000)]
    [InlineData("1-12", 129_600)]
    [InlineData("1-12:30", 131_400)]
    [InlineData("0-0:0:7", 7)]
    public void Times_are_read_as_Slurm_reads_them(string text, long seconds) =>
        Assert.Equal(seconds, SlurmTime.Seconds(text));

    [Theory]
    [InlineData("")]
    [InlineData("UNLIMITED")]
    [InlineData("1:2:3:4")]
    [InlineData("1-2-3")]
    [InlineData("x-1")]
    [InlineData("-5")]
    public void What_is_no_span_has_no_seconds(string text) => Assert.Null(SlurmTime.Seconds(text));

    [Theory]
    [InlineData("", 120)]
    [InlineData("2:00:00", 120)]
    [InlineData("2", 60)]
    [InlineData("0:01", 1)]
    public void A_task_is_not_warned_before_half_of_its_time_is_over(string time, int seconds) =>
        Assert.Contains(
            $"--signal=B:USR1@{seconds}",
            new SlurmOptions { Time = time }.Arguments(1, "name", "log", "001.sh"));
}
