using SynthSae.Compute;
using SynthSae.Settings;
using SynthSae.Slurm;
using Xunit;

namespace SynthSae.Tests.Slurm;

public sealed class SlurmSettingsTests
{
    private static SlurmOptions Read(params (string Name, string Value)[] flags) =>
        SettingsReader
            .Read(flags.ToDictionary(flag => flag.Name, flag => (string?)flag.Value))
            .Slurm;

    [Fact]
    public void What_is_asked_of_the_cluster_comes_from_the_settings()
    {
        var options = Read(
            ("slurm_partition", "gpu"),
            ("slurm_gpus", "a100:1"),
            ("slurm_requeue", "no"),
            ("slurm_args", "--comment='two words' --nice"));
        Assert.Equal(("gpu", "a100:1"), (options.Partition, options.Gpus));
        Assert.Equal(["--comment=two words", "--nice"], options.More);
        Assert.Contains("--no-requeue", options.Arguments(1, "name", "log", "001.sh"));
    }

    [Fact]
    public void Without_settings_runs_are_queued_again()
    {
        var options = Read();
        Assert.True(options.Requeue);
        Assert.Empty(options.More);
    }

    [Theory]
    [InlineData("slurm_cpus", "0")]
    [InlineData("slurm_requeue", "perhaps")]
    [InlineData("slurm_warning", "-1")]
    [InlineData("slurm_args", "--comment='two")]
    public void A_value_that_breaks_its_rule_is_named_with_its_flag(string name, string value)
    {
        var error = Assert.Throws<BadInput>(() => Read((name, value)));
        Assert.Contains($"--{name.Replace('_', '-')}", error.Message);
    }
}
