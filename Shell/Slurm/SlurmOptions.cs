using System.Globalization;

namespace SynthSae.Slurm;

/// <summary>What a sweep's jobs ask of Slurm; "" or null leaves it to the cluster.</summary>
internal sealed record SlurmOptions
{
    /// <summary>Seconds between Slurm's warning and the end of a task.</summary>
    public const int DefaultWarning = 120;

    /// <summary>Partition, or several with commas between them.</summary>
    public string Partition { get; init; } = "";

    /// <summary>Account that pays.</summary>
    public string Account { get; init; } = "";

    /// <summary>Quality of service.</summary>
    public string Qos { get; init; } = "";

    /// <summary>Most time of a task, in Slurm's forms: minutes, 2:30:00, 1-12.</summary>
    public string Time { get; init; } = "";

    /// <summary>GPUs of a task: a number, or a type and a number such as a100:1.</summary>
    public string Gpus { get; init; } = "";

    /// <summary>Memory of a task, e.g. 16G.</summary>
    public string Memory { get; init; } = "";

    /// <summary>Processors of a task, and the threads that it computes with.</summary>
    public int Cpus { get; init; } = 1;

    /// <summary>Most tasks that run at a time; null for no limit.</summary>
    public int? MaxTasks { get; init; }

    /// <summary>
    /// Tasks that are preempted or come to their time limit are queued again, and go on from their
    /// checkpoint.
    /// </summary>
    public bool Requeue { get; init; } = true;

    /// <summary>
    /// Seconds before its end at which a task is told to save, but not before half of
    /// <see cref="Time"/> is over.
    /// </summary>
    public int Warning { get; init; } = DefaultWarning;

    /// <summary>More arguments for sbatch.</summary>
    public IReadOnlyList<string> More { get; init; } = [];

    /// <summary>
    /// The arguments of sbatch. What the program depends on comes last, so that it prevails over
    /// <see cref="More"/>; all of it prevails over the variables that sbatch reads.
    /// </summary>
    public IReadOnlyList<string> Arguments(int tasks, string name, string log, string script)
    {
        List<string> arguments = [];
        void Add(string option, string value)
        {
            if (value != "")
            {
                arguments.Add($"{option}={value}");
            }
        }

        Add("--partition", Partition);
        Add("--account", Account);
        Add("--qos", Qos);
        Add("--time", Time);
        Add("--gpus-per-node", Gpus);
        Add("--mem", Memory);
        Add("--job-name", name);
        arguments.AddRange(More);
        Add("--nodes", "1");
        Add("--ntasks", "1");
        Add("--cpus-per-task", Number(Cpus));
        Add("--array", $"0-{Number(tasks - 1)}{(MaxTasks is { } most ? $"%{Number(most)}" : "")}");
        Add("--output", log);
        Add("--signal", $"B:USR1@{Number(Notice)}");
        arguments.AddRange(
        [
            "--parsable",
            Requeue ? "--requeue" : "--no-requeue",
            "--open-mode=append",
            "--kill-on-invalid-dep=yes",
            script,
        ]);
        return arguments;
    }

    // A task that is warned as soon as it begins would be queued again for ever.
    private int Notice =>
        SlurmTime.Seconds(Time) is { } seconds
            ? (int)Math.Max(1, Math.Min(Warning, seconds / 2))
            : Warning;

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
