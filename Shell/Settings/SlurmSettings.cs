using SynthSae.Slurm;

namespace SynthSae.Settings;

/// <summary>
/// The settings of sweeps on a Slurm cluster: each may be given once for all in a file, as most
/// are the same for every sweep of a user.
/// </summary>
internal static class SlurmSettings
{
    private const int MostCpus = 4096;
    private const int LongestWarning = 65535;

    private static readonly SettingDefinition Partition =
        Define("partition", "NAME", "Slurm: partition of the jobs, or several with commas.");

    private static readonly SettingDefinition Account =
        Define("account", "NAME", "Slurm: account that pays.");

    private static readonly SettingDefinition Qos =
        Define("qos", "NAME", "Slurm: quality of service.");

    private static readonly SettingDefinition Time =
        Define("time", "TIME", "Slurm: most time of a run, in minutes or as 2:30:00 or 1-12.");

    private static readonly SettingDefinition Gpus =
        Define("gpus", "N", "Slurm: GPUs of a run, e.g. 1 or a100:1; if not given, what it needs.");

    private static readonly SettingDefinition Memory =
        Define("memory", "SIZE", "Slurm: memory of a run, e.g. 16G.");

    private static readonly SettingDefinition Cpus =
        Define("cpus", "N", "Slurm: processors of a run, and threads it computes with.", "4");

    private static readonly SettingDefinition Requeue = Define(
        "requeue",
        "yes|no",
        "Slurm: runs that are preempted, or out of time, are queued again and go on.",
        "yes");

    private static readonly SettingDefinition Warning = Define(
        "warning",
        "SECONDS",
        "Slurm: how long before its end a run is told to save.",
        $"{SlurmOptions.DefaultWarning}");

    private static readonly SettingDefinition More =
        Define("args", "ARGS", "Slurm: more arguments for sbatch, e.g. --constraint=a100.");

    /// <summary>All of them, in the order in which they are shown.</summary>
    public static readonly IReadOnlyList<SettingDefinition> All =
        [Partition, Account, Qos, Time, Gpus, Memory, Cpus, Requeue, Warning, More];

    /// <summary>What they ask of Slurm.</summary>
    public static SlurmOptions Read(Func<SettingDefinition, EffectiveSetting> of) =>
        new()
        {
            Partition = of(Partition).Value,
            Account = of(Account).Value,
            Qos = of(Qos).Value,
            Time = of(Time).Value,
            Gpus = of(Gpus).Value,
            Memory = of(Memory).Value,
            Cpus = (int)SettingsReader.Count(of(Cpus), 1, MostCpus),
            Requeue = SettingsReader.Word(of(Requeue), "yes", "no") == "yes",
            Warning = (int)SettingsReader.Count(of(Warning), 1, LongestWarning),
            More = Words.TrySplit(of(More).Value)
                ?? throw SettingsReader.Wrong(of(More), "a quotation mark is not closed"),
        };

    private static SettingDefinition Define(
        string name, string help, string meaning, string standard = "") =>
        new($"slurm_{name}", $"--slurm-{name.Replace('_', '-')}", meaning, () => standard)
        {
            HelpName = help,
        };
}
