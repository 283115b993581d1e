using SynthSae.Compute.Files;

namespace SynthSae.Settings;

/// <summary>Every setting that exists.</summary>
internal static class SettingNames
{
    /// <summary>How the variables of the environment begin.</summary>
    public const string Prefix = "SYNTHSAE_";

    public static readonly SettingDefinition Threads = new(
        "threads", "--threads", "Threads to compute with.", () => $"{Environment.ProcessorCount}");

    public static readonly SettingDefinition Backend = new(
        "backend",
        "--backend",
        "Implementation of the computations: cpu, or reference (plain loops, slow).",
        () => "cpu");

    public static readonly SettingDefinition Device = new(
        "device",
        "--device",
        "Where to compute: cpu, or a GPU: cuda, cuda:N, cuda:freest.",
        () => "cpu");

    public static readonly SettingDefinition Runs = new(
        "runs", "--runs", "Folder that run folders are made in.", () => "runs");

    public static readonly SettingDefinition Cache = new(
        "cache",
        "--cache",
        "Folder of compiled worlds and kernels; none for no cache.",
        WorldCache.defaultFolder);

    public static readonly SettingDefinition LogEvery = new(
        "log_every", "--log-every", "Training steps between entries in events.jsonl.", () => "100");

    public static readonly SettingDefinition CheckpointEvery = new(
        "checkpoint_every",
        "--checkpoint-every",
        "Training steps between checkpoints; auto for every five minutes, off for none.",
        () => "auto");

    public static readonly SettingDefinition CheckpointKeep = new(
        "checkpoint_keep",
        "--checkpoint-keep",
        "Checkpoints that are kept, the newest.",
        () => "2");

    public static readonly SettingDefinition CpuSlots = new(
        "cpu_slots",
        "--cpu-slots",
        "Runs in the background that share the processor at one time.",
        () => "1");

    public static readonly SettingDefinition SupervisorIdle = new(
        "supervisor_idle",
        "--supervisor-idle",
        "Seconds without a run after which the supervisor ends.",
        () => "30");

    /// <summary>All of them, in the order in which they are shown.</summary>
    public static readonly IReadOnlyList<SettingDefinition> All =
    [
        Threads, Backend, Device, Runs, Cache, LogEvery, CheckpointEvery, CheckpointKeep, CpuSlots,
        SupervisorIdle, .. SlurmSettings.All,
    ];
}
