using System.Text.Json.Nodes;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Spec;

namespace SynthSae.Sweeps;

/// <summary>The content of sweep.json: what is swept, and which run each trial belongs
/// to.</summary>
/// <param name="Id">Name of the sweep's folder.</param>
/// <param name="Name">The sweep's own name.</param>
/// <param name="Created">When it was made, UTC.</param>
/// <param name="Spec">The specification, its base written out.</param>
/// <param name="Columns">What tells points apart.</param>
/// <param name="Entries">Every trial.</param>
internal sealed record SweepRecord(
    string Id,
    string Name,
    string Created,
    JsonNode Spec,
    IReadOnlyList<string> Columns,
    IReadOnlyList<SweepEntry> Entries)
{
    /// <summary>Names of the runs' folders, in their order.</summary>
    public IReadOnlyList<string> Runs => [.. Entries.Select(entry => entry.Run).Distinct()];

    /// <summary>A sweep that is about to begin in a folder.</summary>
    public static SweepRecord Of(SweepPlan plan, SweepFolder folder, DateTime utc)
    {
        var entries = new SweepEntry[plan.Trials.Count];
        foreach (var (number, run) in plan.Runs.Index())
        {
            var name = folder.RunName(number, plan.Runs.Count, run.Plan);
            foreach (var (sae, trial) in run.Trials.Index())
            {
                entries[trial] = new SweepEntry(
                    [.. plan.Trials[trial].Point.Select(column => column.Item2)],
                    plan.Trials[trial].Seed,
                    name,
                    sae);
            }
        }

        return new SweepRecord(
            folder.Id,
            plan.Spec.Name,
            Timestamps.Seconds(utc),
            JsonNode.Parse(SweepSpecModule.toJson(plan.Spec))!,
            [.. SweepSpecModule.columns(plan.Spec)],
            entries);
    }

    /// <summary>What a sweep's folder says.</summary>
    /// <exception cref="Failure">It cannot be read.</exception>
    public static SweepRecord Read(SweepFolder folder)
    {
        var json = SweepFolder.ReadJson(folder.RecordFile);
        try
        {
            IReadOnlyList<string> columns =
                [.. json["columns"]!.AsArray().Select(name => name!.GetValue<string>())];
            return new SweepRecord(
                folder.Id,
                json["name"]!.GetValue<string>(),
                json["created"]!.GetValue<string>(),
                json["spec"]!,
                columns,
                [.. json["trials"]!.AsArray().Select(entry => SweepEntry.OfJson(entry!, columns))]);
        }
        catch (Exception error) when (
            error is NullReferenceException or InvalidOperationException or FormatException)
        {
            throw Failure.BadInput(folder.RecordFile, "is not a sweep that this program wrote");
        }
    }

    /// <summary>As sweep.json has it.</summary>
    public JsonObject ToJson() => new()
    {
        ["schema"] = 1,
        ["sweep"] = Id,
        ["name"] = Name,
        ["created"] = Created,
        ["program"] = new JsonObject { ["version"] = Build.Version, ["commit"] = Build.Commit },
        ["spec"] = Spec.DeepClone(),
        ["columns"] = new JsonArray([.. Columns.Select(name => JsonValue.Create(name))]),
        ["trials"] = new JsonArray([.. Entries.Select(entry => entry.ToJson(Columns))]),
    };
}
