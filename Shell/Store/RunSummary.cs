using System.Text.Json.Nodes;
using SynthSae.Runs;

namespace SynthSae.Store;

/// <summary>A run of a store, as a list shows it.</summary>
/// <param name="Id">Name of its folder.</param>
/// <param name="Folder">Full path of its folder.</param>
/// <param name="Name">The preset or specification that it came from.</param>
/// <param name="Sweep">The sweep that it belongs to; null if to none.</param>
/// <param name="Seed">Of weights and samples.</param>
/// <param name="Snapshot">How it stands; its status may be believed.</param>
/// <param name="Labels">What people say of it.</param>
/// <param name="Checkpoint">Steps after which the newest checkpoint was written; null for none, or
///   if the run has finished.</param>
internal sealed record RunSummary(
    string Id,
    string Folder,
    string Name,
    string? Sweep,
    long Seed,
    RunSnapshot Snapshot,
    RunLabels Labels,
    long? Checkpoint)
{
    // A living run says something every second.
    private static readonly TimeSpan Expected = TimeSpan.FromSeconds(5);

    /// <summary>Where it stands.</summary>
    public RunStatus Status => Snapshot.Status;

    /// <summary>Its folder.</summary>
    public RunFolder Open() => RunFolder.Open(Folder);

    /// <summary>
    /// How long nothing has been heard of a run that counts as running; null where there is nothing
    /// unusual about it.
    /// </summary>
    public TimeSpan? Silence(DateTime now) =>
        Status == RunStatus.Running && now - Snapshot.Updated > Expected
            ? now - Snapshot.Updated
            : null;

    /// <summary>As an object: that of <c>status.json</c>, and what stands elsewhere.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject
        {
            ["run"] = Id,
            ["folder"] = Folder,
            ["name"] = Name,
            ["sweep"] = Sweep,
            ["seed"] = Seed,
            ["checkpoint"] = Checkpoint,
        };
        foreach (var part in new[] { Labels.ToJson(), Snapshot.ToJson() })
        {
            foreach (var (name, value) in part)
            {
                json[name] = value?.DeepClone();
            }
        }

        return json;
    }
}
