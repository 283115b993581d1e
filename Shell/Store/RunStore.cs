using System.IO.Enumeration;
using System.Text.Json.Nodes;
using SynthSae.Compute.Files;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Runs;
using SynthSae.Settings;

namespace SynthSae.Store;

/// <summary>
/// The runs in a folder of run folders. Any number of processes may read it at once. Folders that
/// have not changed since they were last read are not opened again.
/// </summary>
internal sealed class RunStore
{
    // So many folders are opened in no time: no need to keep what was read.
    private const int FewChanges = 8;

    private static readonly EnumerationOptions AllFolders = new()
    {
        IgnoreInaccessible = true,
        AttributesToSkip = 0,
    };

    private readonly Lock _lock = new();
    private readonly RunIndex _index;
    private Dictionary<string, KnownRun>? _known;

    /// <param name="runsFolder">The folder, which need not exist.</param>
    public RunStore(string runsFolder)
    {
        Folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(runsFolder));
        _index = new RunIndex(Folder);
    }

    /// <summary>Full path of the folder.</summary>
    public string Folder { get; }

    /// <summary>The store that the settings name.</summary>
    public static RunStore Of(AppSettings settings) => new(settings.RunsFolder);

    /// <summary>
    /// All runs by their ids, the oldest first. Folders that hold no run are left out.
    /// </summary>
    public IReadOnlyList<RunSummary> List()
    {
        lock (_lock)
        {
            _known ??= _index.Read();
            var now = DateTime.UtcNow;
            var folders = Folders().ToList();
            var found = Look(folders, _known, now);
            var opened = found.Count(run =>
                run.IsSettled && !ReferenceEquals(_known.GetValueOrDefault(run.Id), run));
            var gone = _known.Count - found.Count(run => _known.ContainsKey(run.Id));
            _known = found.ToDictionary(run => run.Id, StringComparer.Ordinal);
            if (opened + gone > FewChanges)
            {
                _index.Write(found);
            }

            return [.. found.Select(known => known.Run).OfType<RunSummary>()];
        }
    }

    /// <summary>
    /// The run that a name stands for: a run folder's path, an id, the beginning or a part of just
    /// one id, <c>@last</c> for the newest run or <c>@2</c> for the one before it; null if there is
    /// none.
    /// </summary>
    /// <exception cref="Compute.BadInput">The name fits several runs, which are named.</exception>
    public RunSummary? Find(string name) =>
        RunNames.Resolve(Folder, name) is { } folder
            ? RunReading.Read(folder, DateTime.UtcNow)
            : null;

    /// <summary>The same for a name that has to stand for a run.</summary>
    /// <exception cref="Compute.BadInput">It stands for none, or for several.</exception>
    public RunSummary Get(string name) =>
        Find(name) ?? throw Failure.BadInput(
            name, $"there is no such run in {ShownPath.Of(Folder)}{RunNames.Hint(Folder, name)}");

    /// <summary>The specification of a run as run.json has it; null if it cannot be read.</summary>
    public static JsonObject? Spec(RunSummary run) =>
        StatusFile.TryRead(Path.Combine(run.Folder, "run.json"))
            .Field(RunDescription.SpecKey)?.DeepClone() as JsonObject;

    private IReadOnlyList<KnownRun> Look(
        IReadOnlyList<(string Id, long Changed)> folders,
        Dictionary<string, KnownRun> known,
        DateTime now)
    {
        var found = new KnownRun[folders.Count];
        Parallel.For(0, folders.Count, i =>
        {
            var (id, changed) = folders[i];
            found[i] = known.GetValueOrDefault(id) is { } before && Holds(before, changed, now)
                ? before
                : Open(id, changed);
        });
        return [.. found.OrderBy(run => run.Id, StringComparer.Ordinal)];
    }

    private KnownRun Open(string id, long changed)
    {
        var now = DateTime.UtcNow;
        return new KnownRun(id, changed, now.Ticks, RunReading.Read(Path.Combine(Folder, id), now));
    }

    // A process that dies changes no file.
    private static bool Holds(KnownRun known, long changed, DateTime now)
    {
        if (known.Changed != changed || !known.IsSettled)
        {
            return false;
        }

        return known.Run is not { Status: RunStatus.Running } run
            || RunTruth.Of(run.Snapshot, FolderLock.Look(run.Folder), ThisHost.Boot, now)
                == RunStatus.Running;
    }

    private IEnumerable<(string Id, long Changed)> Folders()
    {
        // What begins with a dot is being made or removed. Of a link the time tells nothing.
        static bool IsLink(ref FileSystemEntry entry) =>
            (entry.Attributes & FileAttributes.ReparsePoint) != 0;
        try
        {
            return new FileSystemEnumerable<(string, long)>(
                Folder,
                (ref FileSystemEntry entry) => (
                    entry.FileName.ToString(),
                    IsLink(ref entry) ? 0 : entry.LastWriteTimeUtc.UtcTicks),
                AllFolders)
            {
                ShouldIncludePredicate = (ref FileSystemEntry entry) =>
                    entry.IsDirectory && !entry.FileName.StartsWith("."),
            };
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }
}
