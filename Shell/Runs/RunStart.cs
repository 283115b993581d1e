using SynthSae.Compute.Files;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Settings;

namespace SynthSae.Runs;

/// <summary>
/// A run that is ready to begin, or to go on; until it is disposed of, no other process writes to
/// its folder.
/// </summary>
internal sealed class RunStart : IDisposable
{
    private readonly IDisposable _lock;

    private RunStart(
        RunPlan plan,
        AppSettings settings,
        RunFolder folder,
        IDisposable held,
        Resumption? resumption)
    {
        (Plan, Settings, Folder, Resumption) = (plan, settings, folder, resumption);
        _lock = held;
    }

    /// <summary>What is run.</summary>
    public RunPlan Plan { get; }

    /// <summary>The settings in force.</summary>
    public AppSettings Settings { get; }

    /// <summary>Where everything is kept.</summary>
    public RunFolder Folder { get; }

    /// <summary>Begin also where memory does not seem to suffice.</summary>
    public bool ForceMemory { get; set; }

    /// <summary>True if it goes on from a checkpoint.</summary>
    public bool Resumes => Resumption is not null;

    /// <summary>Where it goes on from; null if it begins.</summary>
    internal Resumption? Resumption { get; }

    /// <summary>Begin a run in a folder made for it.</summary>
    public static RunStart Anew(RunPlan plan, AppSettings settings, RunFolder folder) =>
        Locked(FolderLock.Take(folder.Path), held =>
        {
            RunFolder.WriteJson(folder.RunFile, RunDescription.Of(plan, settings));
            return new RunStart(plan, settings, folder, held, null);
        });

    /// <summary>
    /// Begin the run that was prepared in a folder. The lock, which the caller has taken, belongs
    /// to what is returned.
    /// </summary>
    public static RunStart Prepared(RunFolder folder, AppSettings settings, FolderLock taken) =>
        Locked(taken, held =>
        {
            var plan = RunSpecs.Load(folder.Path, []);
            var prepared = Json.TryObject(Files.ReadText(folder.RunFile));
            AtomicFile.removeLeftovers(folder.Path);
            Files.Delete(folder.ResultFile);
            RunFolder.WriteJson(folder.RunFile, RunDescription.Of(plan, settings, prepared));
            return new RunStart(plan, settings, folder, held, null);
        });

    /// <summary>
    /// Go on with the run of a folder, by its own specification and on its own backend.
    /// </summary>
    /// <exception cref="Failure">It has finished, has no checkpoint, or is going on in another
    ///   process.</exception>
    public static RunStart Again(string path, AppSettings settings)
    {
        var folder = RunFolder.Open(path);
        return Again(folder, settings, FolderLock.Take(folder.Path));
    }

    /// <summary>
    /// The same with a lock that the caller has taken; it belongs to what is returned.
    /// </summary>
    public static RunStart Again(RunFolder folder, AppSettings settings, FolderLock taken) =>
        Locked(taken, held =>
        {
            var plan = RunSpecs.Load(folder.Path, []);
            var own = RunDescription.Own(folder, settings);
            var resumption = Resumption.Find(folder, plan, own);
            AtomicFile.removeLeftovers(folder.Path);
            Files.Delete(folder.ResultFile);
            return new RunStart(plan, own, folder, held, resumption);
        });

    private static RunStart Locked(FolderLock held, Func<FolderLock, RunStart> start)
    {
        try
        {
            return start(held);
        }
        catch
        {
            ((IDisposable)held).Dispose();
            throw;
        }
    }

    public void Dispose() => _lock.Dispose();
}
