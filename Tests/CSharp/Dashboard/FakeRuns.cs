using System.Text.Json.Nodes;
using SynthSae.Dashboard;
using SynthSae.Store;

namespace SynthSae.Tests.Dashboard;

/// <summary>Runs that a test makes up and changes.</summary>
internal sealed class FakeRuns : IRunSource
{
    /// <summary>When all tests take place.</summary>
    public static DateTime Now { get; } = new(2030, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    /// <summary>All runs.</summary>
    public List<RunSummary> Runs { get; } = [];

    /// <summary>Their histories, by their ids.</summary>
    public Dictionary<string, RunCurves> Histories { get; } = [];

    /// <summary>Their specifications, by their ids.</summary>
    public Dictionary<string, JsonObject> Specs { get; } = [];

    /// <summary>How often the list was read.</summary>
    public int Asked { get; private set; }

    /// <summary>Why it cannot be read; null if it can.</summary>
    public string? Problem { get; set; }

    public IReadOnlyList<RunSummary> List()
    {
        Asked++;
        return Problem is null ? [.. Runs] : throw new IOException(Problem);
    }

    public IRunTail? Follow(string id) => new Tail(this, id);

    public JsonObject? Spec(string id) => Specs.GetValueOrDefault(id);

    /// <summary>Add a run, of which only what matters need be said.</summary>
    public RunSummary Add(string id, RunStatus status, RunSnapshot? snapshot = null, string? sweep = null)
    {
        var run = new RunSummary(
            id,
            $"/runs/{id}",
            "small",
            sweep,
            0,
            (snapshot ?? new RunSnapshot { Created = Now.AddHours(-1), Updated = Now }) with { Status = status },
            RunLabels.None,
            null);
        Runs.Add(run);
        return run;
    }

    /// <summary>Change a run; that it has changed is seen from its time.</summary>
    public void Change(string id, Func<RunSummary, RunSummary> change)
    {
        var at = Runs.FindIndex(run => run.Id == id);
        var changed = change(Runs[at]);
        var snapshot = changed.Snapshot with { Updated = changed.Snapshot.Updated.AddTicks(1) };
        Runs[at] = changed with { Snapshot = snapshot };
    }

    private sealed class Tail(FakeRuns runs, string id) : IRunTail
    {
        private RunCurves? _last;

        public RunCurves? Read()
        {
            var now = runs.Histories.GetValueOrDefault(id);
            var news = ReferenceEquals(now, _last) ? null : now;
            _last = now;
            return news;
        }
    }
}
