using System.Globalization;
using SynthSae.Core;

namespace SynthSae.Slurm;

/// <summary>Slurm by its commands, which are the same in every version that is in use.</summary>
internal sealed class SlurmClient(ICommands commands)
{
    /// <summary>The variable that names the cluster's configuration.</summary>
    public const string ConfigurationVariable = "SLURM_CONF";

    // Slurm's own default; tasks are numbered from 0.
    private const int UsualArraySize = 1001;

    private const string Place = "slurm";

    /// <summary>Slurm as this machine has it.</summary>
    public static SlurmClient OfMachine() => new(new ProcessCommands(ProcessCommands.Patience));

    /// <summary>True if there seems to be a Slurm to ask.</summary>
    public bool IsInstalled =>
        (commands.Variable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Any(folder => File.Exists(Path.Combine(folder, "sbatch")));

    /// <summary>Find out in moments whether Slurm can be talked to.</summary>
    /// <exception cref="Failure">It cannot; the message says why.</exception>
    public void Check()
    {
        if (!IsInstalled)
        {
            throw Failure.BadInput(
                Place, "there is no sbatch on the PATH; sweeps go to Slurm from its login nodes");
        }

        // Without this the clients would look for the file for a minute.
        if (commands.Variable(ConfigurationVariable) is { Length: > 0 } file && !File.Exists(file))
        {
            throw Failure.BadInput(ConfigurationVariable, $"there is no file {file}");
        }

        var ping = commands.Run("scontrol", ["ping"]);
        if (!ping.IsOk)
        {
            throw Failure.BadInput(Place, $"its controller does not answer: {ping.Complaint}");
        }
    }

    /// <summary>Submit a job and return its number.</summary>
    public long Submit(IReadOnlyList<string> arguments)
    {
        var outcome = Ask("sbatch", [.. arguments]);
        // The number, and on several clusters the cluster: 12;name.
        var answer = outcome.Lines.LastOrDefault() ?? "";
        return long.TryParse(
            answer.Split(';')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var job)
            ? job
            : throw Failure.BadInput("sbatch", $"gave no job's number: {outcome.Complaint}");
    }

    /// <summary>
    /// What the queue knows of this user's tasks, also of those that have ended some minutes ago.
    /// </summary>
    public IReadOnlyList<SlurmTask> Queue() =>
    [
        .. Ask("squeue", "-h", "-r", "-t", "all", "--me", "-o", SlurmTask.Format).Lines
            .Select(SlurmTask.TryParse)
            .OfType<SlurmTask>(),
    ];

    /// <summary>The number of the job that was submitted with a script; null if there is
    /// none.</summary>
    public long? JobOf(string script) =>
        Queue().FirstOrDefault(task => task.Script == script)?.Id.Array;

    /// <summary>What the accounting says of jobs; nothing on clusters that keep none.</summary>
    public IReadOnlyList<SlurmEnd> Ends(IEnumerable<long> jobs)
    {
        var list = string.Join(',', jobs);
        if (list == "")
        {
            return [];
        }

        var outcome = commands.Run(
            "sacct", ["-X", "-n", "-P", "-j", list, "-o", "JobID,State,ExitCode"]);
        return outcome.IsOk
            ? [.. outcome.Lines.Select(SlurmEnd.TryParse).OfType<SlurmEnd>()]
            : [];
    }

    /// <summary>Cancel jobs or single tasks; those that have ended are left alone.</summary>
    public void Cancel(IEnumerable<SlurmTaskId> tasks)
    {
        string[] names = [.. tasks.Select(task => task.ToString())];
        if (names.Length > 0)
        {
            _ = Ask("scancel", names);
        }
    }

    /// <summary>Stop a task and put it back into the queue.</summary>
    public void Requeue(SlurmTaskId task) => _ = Ask("scontrol", "requeue", $"{task}");

    /// <summary>Most tasks of an array job.</summary>
    public int MostTasks()
    {
        const string Key = "MaxArraySize";
        var line = Ask("scontrol", "show", "config").Lines.FirstOrDefault(
            line => line.StartsWith(Key, StringComparison.Ordinal));
        var value = line?.Split('=').Last().Trim();
        return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var size)
            && size > 1
                ? size - 1
                : UsualArraySize - 1;
    }

    private CommandOutcome Ask(string program, params string[] arguments)
    {
        var outcome = commands.Run(program, arguments);
        return outcome.IsOk ? outcome : throw Failure.BadInput(program, outcome.Complaint);
    }
}
