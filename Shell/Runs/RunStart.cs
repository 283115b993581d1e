using SynthSae.Compute.Files;
using SynthSae.Core;
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
    public static RunStart Anew(RunPlan plan, AppSettings settings, RunFolder folder)
    {
        var held = FolderLock.Take(folder.Path);
        try
        {
            RunFolder.WriteJson(folder.RunFile, RunDescription.Of(plan, settings));
            return new RunStart(plan, settings, folder, held, null);
        }
        catch
        {
            ((IDisposable)held).Dispose();
            throw;
        }
    }

    /// <summary>
    /// Go on with the run of a folder, by its own specification and on its own backend.
    /// </summary>
    /// <exception cref="Failure">It has finished, has no checkpoint, or is going on in another
    ///   process.</exception>
    public static RunStart Again(string path, AppSettings settings) =>
        Open(path, settings, Resumption.Find);

    /// <summary>
    /// The same for a run that need not have begun: without a checkpoint it begins at the beginning.
    /// </summary>
    /// <exception cref="Failure">It has finished, has checkpoints that cannot be used, or is going
    ///   on in another process.</exception>
    public static RunStart Continue(string path, AppSettings settings) =>
        Open(path, settings, (folder, plan, own) =>
            folder.NewestCheckpoint is null && !folder.IsFinished
                ? null
                : Resumption.Find(folder, plan, own));

    private static RunStart Open(
        string path,
        AppSettings settings,
        Func<RunFolder, RunPlan, AppSettings, Resumption?> find)
    {
        var folder = RunFolder.Open(path);
        var held = FolderLock.Take(folder.Path);
        try
        {
            var plan = RunSpecs.Load(path, []);
            var own = RunDescription.Own(folder, settings);
            var resumption = find(folder, plan, own);
            AtomicFile.removeLeftovers(folder.Path);
            Files.Delete(folder.ResultFile);
            return new RunStart(plan, own, folder, held, resumption);
        }
        catch
        {
            ((IDisposable)held).Dispose();
            throw;
        }
    }

    public void Dispose() => _lock.Dispose();
}
