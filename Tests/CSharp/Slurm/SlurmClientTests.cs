using System.Diagnostics;
using SynthSae.Compute;
using SynthSae.Slurm;
using Xunit;

namespace SynthSae.Tests.Slurm;

public sealed class SlurmClientTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => ((IDisposable)_folder).Dispose();

    private static string Problem(Action action) => Assert.Throws<BadInput>(action).Message;

    [Fact]
    public void A_machine_without_sbatch_is_told_before_anything_is_asked()
    {
        var slurm = new FakeSlurm().With("PATH", _folder.Path);
        Assert.Contains("there is no sbatch on the PATH", Problem(slurm.Client.Check));
        Assert.Empty(slurm.Asked);
    }

    [Fact]
    public void A_configuration_that_is_not_there_is_told_before_anything_is_asked()
    {
        var slurm = FakeSlurm.Up(_folder).With("SLURM_CONF", _folder.File("none.conf"));
        Assert.Contains("there is no file", Problem(slurm.Client.Check));
        Assert.Empty(slurm.Asked);
    }

    [Fact]
    public void A_controller_that_is_down_is_told_in_its_own_words()
    {
        var slurm = FakeSlurm.Up(_folder).Doing(
            "scontrol", _ => new CommandOutcome(1, "Slurmctld(primary) at vm is DOWN\n", ""));
        Assert.Equal(
            "slurm: its controller does not answer: Slurmctld(primary) at vm is DOWN",
            Problem(slurm.Client.Check));
    }

    [Fact]
    public void A_controller_that_is_up_is_used()
    {
        var slurm = FakeSlurm.Up(_folder);
        slurm.Client.Check();
        Assert.Equal(["scontrol ping"], slurm.Asked);
    }

    [Theory]
    [InlineData("12\n", 12)]
    [InlineData("12;cluster\n", 12)]
    [InlineData("sbatch: a note of the site\n34\n", 34)]
    public void A_submission_answers_with_the_number_of_the_job(string answer, long job)
    {
        var slurm = FakeSlurm.Up(_folder).Answering("sbatch", answer);
        Assert.Equal(job, slurm.Client.Submit(["x.sh"]));
    }

    [Fact]
    public void A_refusal_is_told_in_one_line()
    {
        const string Said = "sbatch: error: invalid partition specified: nope\n"
            + "sbatch: error: Batch job submission failed: Invalid partition name specified\n";
        var slurm = FakeSlurm.Up(_folder).Failing("sbatch", Said);
        Assert.Equal(
            "sbatch: invalid partition specified: nope; "
                + "Batch job submission failed: Invalid partition name specified",
            Problem(() => slurm.Client.Submit(["x.sh"])));
    }

    [Theory]
    [InlineData("MaxArraySize            = 1001\n", 1000)]
    [InlineData("MaxArraySize            = 65533\nMaxDBDMsgs = 20008\n", 65532)]
    [InlineData("Configuration data as of now\n", 1000)]
    public void An_array_is_as_large_as_the_cluster_takes(string answer, int most) =>
        Assert.Equal(most, FakeSlurm.Up(_folder).Answering("scontrol", answer).Client.MostTasks());

    [Fact]
    public void Without_accounting_nothing_is_known_of_what_the_queue_has_forgotten() =>
        Assert.Empty(FakeSlurm.Up(_folder).Client.Ends([1, 2]));

    [Fact]
    public void A_command_that_hangs_is_ended_and_told()
    {
        var commands = new ProcessCommands(TimeSpan.FromMilliseconds(200));
        var clock = Stopwatch.StartNew();
        Assert.Contains("has not answered", Problem(() => commands.Run("sleep", ["60"])));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20));
    }

    [Fact]
    public void A_program_that_is_not_there_is_told()
    {
        var commands = new ProcessCommands(ProcessCommands.Patience);
        Assert.Contains("cannot be run", Problem(() => commands.Run("no-such-program", [])));
    }

    [Fact]
    public void What_a_command_says_is_read_to_its_end_whatever_its_length()
    {
        var commands = new ProcessCommands(ProcessCommands.Patience);
        var outcome = commands.Run("sh", ["-c", "seq 100000; seq 100000 >&2; exit 3"]);
        Assert.Equal((3, "100000"), (outcome.Code, outcome.Lines.Last()));
        Assert.Equal(outcome.Out, outcome.Error);
    }

    [Fact]
    public void What_a_user_wishes_to_see_of_the_queue_does_not_change_what_is_read()
    {
        var variables = new Dictionary<string, string> { ["SLURM_CONF"] = "x" };
        var commands = new ProcessCommands(ProcessCommands.Patience, variables);
        Environment.SetEnvironmentVariable("SQUEUE_PARTITION", "other");
        try
        {
            var outcome = commands.Run("sh", ["-c", "echo $SLURM_CONF-$SQUEUE_PARTITION"]);
            Assert.Equal("x-\n", outcome.Out);
        }
        finally
        {
            Environment.SetEnvironmentVariable("SQUEUE_PARTITION", null);
        }
    }
}
