using System.Text.Json.Nodes;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Runs;
using SynthSae.Settings;

namespace SynthSae.Store;

/// <summary>The runs in a folder of run folders. Any number of processes may read it at once.</summary>
/// <param name="runsFolder">The folder, which need not exist.</param>
internal sealed class RunStore(string runsFolder)
{
    private const string Last = "@last";
    private const int MostNamed = 5;

    /// <summary>Full path of the folder.</summary>
    public string Folder { get; } = Path.GetFullPath(runsFolder);

    /// <summary>The store that the settings name.</summary>
    public static RunStore Of(AppSettings settings) => new(settings.RunsFolder);

    /// <summary>All runs by their ids, the oldest first. Folders that hold no run are left out.</summary>
    public IReadOnlyList<RunSummary> List()
    {
        var now = DateTime.UtcNow;
        return [.. Ids()
            .Select(id => RunReading.Read(Path.Combine(Folder, id), now))
            .OfType<RunSummary>()];
    }

    /// <summary>
    /// The run that a name stands for: a run folder's path, an id, the beginning or a part of just
    /// one id, <c>@last</c> for the newest run or <c>@2</c> for the one before it; null if there is
    /// none.
    /// </summary>
    /// <exception cref="Compute.BadInput">The name fits several runs, which are named.</exception>
    public RunSummary? Find(string name) =>
        Resolve(name) is { } folder ? RunReading.Read(folder, DateTime.UtcNow) : null;

    /// <summary>The same for a name that has to stand for a run.</summary>
    /// <exception cref="Compute.BadInput">It stands for none, or for several.</exception>
    public RunSummary Get(string name) =>
        Find(name) ?? throw Failure.BadInput(
            name,
            $"there is no such run, here or in {Folder}"
                + Nearest.Hint(name, Ids().TakeLast(1000)));

    /// <summary>The specification of a run as run.json has it; null if it cannot be read.</summary>
    public static JsonObject? Spec(RunSummary run) =>
        StatusFile.TryRead(run.Open().RunFile).Field(RunDescription.SpecKey) as JsonObject;

    // Names of all folders that may be runs: what begins with a dot is being made or removed.
    private IReadOnlyList<string> Ids()
    {
        try
        {
            return
            [
                .. Directory.EnumerateDirectories(Folder)
                    .Select(path => Path.GetFileName(path)!)
                    .Where(name => !name.StartsWith('.'))
                    .Order(StringComparer.Ordinal),
            ];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }

    private string? Resolve(string name)
    {
        if (RunFolder.Is(name))
        {
            return Path.GetFullPath(name);
        }

        if (RunFolder.Is(Path.Combine(Folder, name)) && name.Length > 0)
        {
            return Path.Combine(Folder, name);
        }

        var ids = Ids().Where(id => RunFolder.Is(Path.Combine(Folder, id)));
        if (name.StartsWith('@'))
        {
            var place = name == Last ? 1
                : Counts.TryParse(name[1..], out var number) && number >= 1 ? number
                : throw Failure.BadInput(name, $"must be {Last}, @2, @3, …");
            return ids.Reverse().ElementAtOrDefault((int)place - 1) is { } id
                ? Path.Combine(Folder, id)
                : null;
        }

        return name.Length == 0 ? null
            : One(name, ids.Where(id => id.StartsWith(name, StringComparison.Ordinal)))
                ?? One(name, ids.Where(id => id.Contains(name, StringComparison.Ordinal)));
    }

    private string? One(string name, IEnumerable<string> ids)
    {
        var found = ids.ToList();
        if (found.Count <= 1)
        {
            return found is [var id] ? Path.Combine(Folder, id) : null;
        }

        var some = string.Join("\n  ", found.Take(MostNamed));
        var more = found.Count > MostNamed ? $"\n  and {found.Count - MostNamed} more" : "";
        throw Failure.BadInput(name, $"fits {found.Count} runs:\n  {some}{more}");
    }
}
