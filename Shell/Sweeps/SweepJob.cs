using SynthSae.Hosting;
using SynthSae.Runs;
using SynthSae.Settings;

namespace SynthSae.Sweeps;

/// <summary>What an executor is to do.</summary>
/// <param name="Folder">The sweep's folder, which this process alone writes to.</param>
/// <param name="Record">What the sweep is: its trials, and which run has them.</param>
/// <param name="Missing">The prepared folders of the runs that have not finished and that no
///   process executes at this moment, in their order.</param>
/// <param name="Settings">The settings in force: device, threads, runs folder.</param>
/// <param name="Host">Where messages and progress go.</param>
internal sealed record SweepJob(
    SweepFolder Folder,
    SweepRecord Record,
    IReadOnlyList<RunFolder> Missing,
    AppSettings Settings,
    Host Host)
{
    /// <summary>The most runs at a time; null where the executor decides.</summary>
    public int? Jobs { get; init; }

    /// <summary>Begin runs also where memory does not seem to suffice.</summary>
    public bool ForceMemory { get; init; }

    /// <summary>Show no progress.</summary>
    public bool Quiet { get; init; }
}
