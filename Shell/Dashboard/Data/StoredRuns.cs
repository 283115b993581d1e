using System.Text.Json.Nodes;
using SynthSae.Store;

namespace SynthSae.Dashboard;

/// <summary>The runs of a store.</summary>
internal sealed class StoredRuns(RunStore store) : IRunSource
{
    public IReadOnlyList<RunSummary> List() => store.List();

    public IRunTail? Follow(string id) =>
        store.Find(id) is { } run ? new Tail(new RunHistory(run.Open())) : null;

    public JsonObject? Spec(string id) => store.Find(id) is { } run ? RunStore.Spec(run) : null;

    private sealed class Tail(RunHistory history) : IRunTail
    {
        private bool _read;

        public RunCurves? Read()
        {
            var first = !_read;
            _read = true;
            return history.Read() || first ? RunCurves.Of(history) : null;
        }
    }
}
