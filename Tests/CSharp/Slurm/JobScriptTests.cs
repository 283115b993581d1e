using System.Diagnostics;
using SynthSae.Slurm;
using Xunit;

namespace SynthSae.Tests.Slurm;

public sealed class JobScriptTests
{
    private static readonly string[] Names =
        ["plain", "with space", "it's", "$HOME `id` \"x\"", "new\nline", "(a;b)&#*?"];

    [Fact]
    public void Each_task_executes_the_program_on_the_folder_of_its_run()
    {
        using var folder = new TemporaryFolder();
        var script = folder.File("job.sh");
        string[] command = ["printf", "%s|%s|", "it's one"];
        File.WriteAllText(script, JobScript.Text(command, Names, ["sbatch", "two\nlines", script]));
        for (var task = 0; task < Names.Length; task++)
        {
            Assert.Equal((0, $"it's one|{Names[task]}|"), Bash(script, $"{task}"));
        }
    }

    [Fact]
    public void A_task_without_a_run_fails()
    {
        using var folder = new TemporaryFolder();
        var script = folder.File("job.sh");
        File.WriteAllText(script, JobScript.Text(["echo"], ["only"], ["sbatch", script]));
        Assert.NotEqual(0, Bash(script, "1").Code);
    }

    [Fact]
    public void The_program_takes_the_place_of_the_shell() =>
        Assert.Matches(
            "\nexec /usr/bin/synthsae work .*\n$",
            JobScript.Text(["/usr/bin/synthsae", "work"], ["run"], ["sbatch"]));

    [Fact]
    public void What_runs_depend_on_prevails_over_arguments_of_the_user()
    {
        var options = new SlurmOptions { MaxTasks = 4, More = ["--array=0-9", "--constraint=a1"] };
        var arguments = options.Arguments(7, "name", "log", "001.sh").ToList();
        Assert.Equal("--array=0-6%4", arguments.Last(word => word.StartsWith("--array=")));
        Assert.Contains("--constraint=a1", arguments);
        Assert.Contains("--requeue", arguments);
        Assert.Contains("--signal=B:USR1@120", arguments);
        Assert.Contains("--open-mode=append", arguments);
        Assert.Contains("--kill-on-invalid-dep=yes", arguments);
        Assert.Equal("001.sh", arguments[^1]);
    }

    [Fact]
    public void What_is_not_given_is_left_to_the_cluster() =>
        Assert.DoesNotContain(
            new SlurmOptions().Arguments(1, "name", "log", "001.sh"),
            word => new[] { "partition", "account", "qos", "time", "gpus", "mem" }.Any(
                name => word.StartsWith($"--{name}")));

    private static (int Code, string Out) Bash(string script, string task)
    {
        var info = new ProcessStartInfo("bash", [script])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        info.Environment["SLURM_ARRAY_TASK_ID"] = task;
        using var bash = Process.Start(info)!;
        var output = bash.StandardOutput.ReadToEnd();
        bash.WaitForExit();
        return (bash.ExitCode, output);
    }
}
