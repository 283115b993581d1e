using System.Text.Json.Nodes;
using SynthSae.Core;
using SynthSae.Dashboard;
using SynthSae.Dashboard.RunList;
using SynthSae.Dashboard.Runtime;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Store;
using SynthSae.Terminal;
using SynthSae.Terminal.Runtime;

namespace SynthSae.Watching;

/// <summary>Tells how runs stand until they have ended, without taking the whole screen.</summary>
/// <param name="store">The runs.</param>
/// <param name="options">How.</param>
/// <param name="output">Where to.</param>
/// <param name="caps">What can be shown there.</param>
/// <param name="size">Room there is, as it is now.</param>
internal sealed class Watcher(
    RunStore store, WatchOptions options, TextWriter output, Caps caps, Func<Size> size)
{
    private readonly InPlace _place = new(output);
    private readonly Dictionary<string, RunSummary> _told = [];
    private IRunTail? _tail;
    private RunCurves _curves = new();

    /// <summary>
    /// Watch until there is nothing to wait for any more. A signal, also that the terminal is gone,
    /// ends the process: nothing depends on it.
    /// </summary>
    /// <returns>Ok if the run has finished, Failed if it has ended otherwise.</returns>
    /// <exception cref="Compute.BadInput">There is no such run, or not any more.</exception>
    public int Watch()
    {
        var id = options.Run is { } name ? store.Get(name).Id : null;
        while (true)
        {
            var runs = Look(id);
            var ended = !runs.Any(run => run.Status.IsActive());
            Tell(runs, id);
            if (options.Once || ended)
            {
                var well = id is null || options.Once || runs[0].Status == RunStatus.Finished;
                return well ? ExitCode.Ok : ExitCode.Failed;
            }

            Thread.Sleep(options.Interval);
        }
    }

    private IReadOnlyList<RunSummary> Look(string? id) =>
        id is null ? store.List()
        : store.Find(id) is { } run ? [run]
        : throw Failure.BadInput(id, "is gone");

    private void Tell(IReadOnlyList<RunSummary> runs, string? id)
    {
        if (options.Json)
        {
            TellJson(runs, id);
        }
        else if (options.InPlace || options.Once)
        {
            Draw(runs, id);
        }
        else
        {
            TellLines(runs, id);
        }
    }

    private void Draw(IReadOnlyList<RunSummary> runs, string? id)
    {
        var room = size();
        var lines = id is null
            ? StillFrame.OfRuns(runs, DateTime.UtcNow, caps, room)
            : StillFrame.OfRun(runs[0], Curves(id), DateTime.UtcNow, caps, room);
        if (options.InPlace && !options.Once)
        {
            _place.Show(lines);
            return;
        }

        foreach (var line in lines)
        {
            output.WriteLine(line);
        }
    }

    private RunCurves Curves(string id)
    {
        _tail ??= new StoredRuns(store).Follow(id);
        return _curves = _tail?.Read() ?? _curves;
    }

    // A line for whatever has changed.
    private void TellLines(IReadOnlyList<RunSummary> runs, string? id)
    {
        foreach (var run in News(runs).Where(run => id is not null || IsNews(run)))
        {
            output.WriteLine(SnapshotLine.Of(run, DateTime.UtcNow, named: id is null));
        }

        Remember(runs);
    }

    private void TellJson(IReadOnlyList<RunSummary> runs, string? id)
    {
        if (News(runs).Any() || _told.Count != runs.Count || runs.Count == 0)
        {
            output.WriteLine(Json.Line(id is not null
                ? runs[0].ToJson()
                : new JsonObject
                {
                    ["runs"] = new JsonArray([.. runs.Select(run => run.ToJson())]),
                }));
            output.Flush();
        }

        Remember(runs);
    }

    private IEnumerable<RunSummary> News(IReadOnlyList<RunSummary> runs) =>
        runs.Where(run => !_told.TryGetValue(run.Id, out var before)
            || !SameRun.Comparer.Equals(before, run));

    // Of all runs those that go on, and those that went on a moment ago.
    private bool IsNews(RunSummary run) =>
        run.Status.IsActive()
        || (_told.TryGetValue(run.Id, out var before) && before.Status != run.Status);

    private void Remember(IReadOnlyList<RunSummary> runs)
    {
        output.Flush();
        _told.Clear();
        foreach (var run in runs)
        {
            _told[run.Id] = run;
        }
    }
}
