using SynthSae.Core;
using SynthSae.Settings;
using SynthSae.Store;

namespace SynthSae.Supervision;

/// <summary>
/// Finds runs by the names that people type: those of the runs folder, and from any working folder
/// those that wait or are at work in the background.
/// </summary>
internal sealed class RunFinder(StateFolder state, AppSettings settings)
{
    private readonly RunStore _store = RunStore.Of(settings);

    /// <summary>The run of a name; see <see cref="RunStore.Find"/>.</summary>
    /// <exception cref="Compute.BadInput">There is none, or there are several.</exception>
    public RunSummary Get(string name) =>
        InBackground(name) is [var folder]
            && RunReading.Read(folder, DateTime.UtcNow) is { } found
            && !IsHere(name)
                ? found
                : _store.Get(name);

    /// <summary>All runs of the runs folder, and those of the background.</summary>
    public IReadOnlyList<RunSummary> All()
    {
        var here = _store.List();
        var folders = here.Select(run => run.Folder).ToHashSet();
        return
        [
            .. here,
            .. Background().Where(folder => !folders.Contains(folder))
                .Select(folder => RunReading.Read(folder, DateTime.UtcNow))
                .OfType<RunSummary>(),
        ];
    }

    private bool IsHere(string name)
    {
        try
        {
            return _store.Find(name) is not null;
        }
        catch (Compute.BadInput)
        {
            return true; // several
        }
    }

    private List<string> InBackground(string name) =>
        name.Length == 0
            ? []
            : [.. Background().Where(folder =>
                Path.GetFileName(folder).StartsWith(name, StringComparison.Ordinal))];

    private IEnumerable<string> Background() =>
        new Queue(state).List().Tickets.Select(ticket => ticket.Run)
            .Concat(SlotLock.Taken(state).Select(taken => taken.Run))
            .Where(folder => folder.Length > 0)
            .Distinct();
}
