using SynthSae.Compute.Files;
using SynthSae.Core;
using SynthSae.Runs;
using SynthSae.Settings;
using SynthSae.Supervision;

namespace SynthSae.Sweeps;

/// <summary>
/// A sweep that is ready to begin, or to go on: every run has its prepared folder. Until it is
/// disposed of, no other process works at it.
/// </summary>
internal sealed class SweepStart : IDisposable
{
    // A process that has just been killed may hold its lock for a moment more.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(300);

    private readonly IDisposable _lock;

    private SweepStart(SweepFolder folder, SweepRecord record, IDisposable held)
    {
        (Folder, Record, _lock) = (folder, record, held);
    }

    /// <summary>The sweep's folder.</summary>
    public SweepFolder Folder { get; }

    /// <summary>What the sweep is.</summary>
    public SweepRecord Record { get; }

    /// <summary>The runs that have not finished and that no process executes, in their
    /// order.</summary>
    public IReadOnlyList<RunFolder> Missing =>
    [
        .. Record.Runs
            .Select(run => RunFolder.Open(Folder.RunPath(run)))
            .Where(run => !run.IsFinished && !IsBusy(run)),
    ];

    /// <summary>Begin a sweep in a new folder.</summary>
    public static SweepStart Anew(SweepPlan plan, AppSettings settings)
    {
        var utc = DateTime.UtcNow;
        var folder = SweepFolder.CreateIn(
            settings.RunsFolder, plan.Spec.Name, utc, made => SweepRecord.Of(plan, made, utc));
        return Held(folder, record => Prepare(folder, record, plan, settings));
    }

    /// <summary>Go on with a sweep. What was lost of its runs' folders is prepared again.</summary>
    /// <exception cref="Failure">Another process works at it.</exception>
    public static SweepStart Again(SweepFolder folder, AppSettings settings) =>
        Held(folder, record =>
        {
            if (record.Runs.All(run => RunFolder.Is(folder.RunPath(run))))
            {
                return;
            }

            var plan = SweepPlans.Again(folder, record);
            if (!SweepRecord.Of(plan, folder, default).Runs.SequenceEqual(record.Runs))
            {
                throw Failure.BadInput(
                    folder.RecordFile,
                    "was made by another version, and some of its runs are lost");
            }

            Prepare(folder, record, plan, settings);
        });

    public void Dispose() => _lock.Dispose();

    private static bool IsBusy(RunFolder run)
    {
        using var taken = FolderLock.TryTake(run.Path, Patience);
        return taken is null;
    }

    private static SweepStart Held(SweepFolder folder, Action<SweepRecord> prepare)
    {
        var held = folder.Lock();
        try
        {
            AtomicFile.removeLeftovers(folder.Path);
            var record = SweepRecord.Read(folder);
            prepare(record);
            return new SweepStart(folder, record, held);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    private static void Prepare(
        SweepFolder folder, SweepRecord record, SweepPlan plan, AppSettings settings)
    {
        foreach (var (name, run) in record.Runs.Zip(plan.Runs))
        {
            var path = folder.RunPath(name);
            if (RunFolder.Is(path))
            {
                continue;
            }

            if (Directory.Exists(path))
            {
                Directory.Delete(path, recursive: true); // whoever made it was killed
            }

            RunPreparation.Prepare(run.Plan, settings, sweep: folder.Id, at: path);
        }
    }
}
