using SynthSae.Compute.Cuda;
using SynthSae.Slurm;

namespace SynthSae.Settings;

/// <summary>The settings in force: defaults &lt; files &lt; environment &lt; flags.</summary>
/// <param name="Threads">Threads to compute with, at least 1.</param>
/// <param name="UseReference">Compute with the Reference backend.</param>
/// <param name="Device">The GPU to compute on; null for the processor.</param>
/// <param name="RunsFolder">Where run folders are made.</param>
/// <param name="CacheFolder">Compiled worlds; null for no cache.</param>
/// <param name="LogEvery">Steps between entries of the event log, at least 1.</param>
/// <param name="Checkpoints">When runs write checkpoints.</param>
/// <param name="Effective">Every setting with its source.</param>
/// <param name="Files">The configuration files that are looked for, and whether each
///   exists.</param>
internal sealed record AppSettings(
    int Threads,
    bool UseReference,
    DeviceChoice? Device,
    string RunsFolder,
    string? CacheFolder,
    int LogEvery,
    CheckpointPolicy Checkpoints,
    IReadOnlyList<EffectiveSetting> Effective,
    IReadOnlyList<(string Path, bool Exists)> Files)
{
    /// <summary>What is asked of Slurm for the runs of a sweep.</summary>
    public SlurmOptions Slurm { get; init; } = new();

    /// <summary>Runs in the background that share the processor, at least 1.</summary>
    public int CpuSlots { get; init; } = 1;

    /// <summary>So long without a run the supervisor stays.</summary>
    public TimeSpan SupervisorIdle { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether a setting was left to the program.</summary>
    public bool IsDefault(SettingDefinition setting) =>
        Effective.Single(found => found.Definition == setting).Source == "default";

    /// <summary>Whether a setting was given on the command line.</summary>
    public bool IsFlag(SettingDefinition setting) =>
        Effective.Single(found => found.Definition == setting).Source == setting.Flag;
}
