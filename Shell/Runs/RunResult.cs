using System.Text.Json.Nodes;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Store;

namespace SynthSae.Runs;

/// <summary>What came out of a run.</summary>
/// <param name="Plan">What was run.</param>
/// <param name="Folder">Where everything lies.</param>
/// <param name="Saes">What came out of each SAE.</param>
/// <param name="Clock">Times.</param>
/// <param name="Sittings">Processes that had a share in it.</param>
/// <param name="End">Finished, or stopped or paused before it was.</param>
internal sealed record RunResult(
    RunPlan Plan,
    RunFolder Folder,
    IReadOnlyList<SaeResult> Saes,
    PhaseClock Clock,
    int Sittings,
    RunStatus End)
{
    /// <summary>Ended before it was done.</summary>
    public bool IsPartial => End != RunStatus.Finished;

    /// <summary>Samples that every SAE was trained on.</summary>
    public long Samples => Saes[0].State.Last.Samples;

    /// <summary>Steps that every SAE has taken.</summary>
    public long Steps => Saes[0].State.Last.Step;

    /// <summary>
    /// Samples of the data per second of training, data generation and all SAEs included.
    /// </summary>
    public double SamplesPerSecond => Samples / TrainingTime.TotalSeconds;

    /// <summary>Drawing batches and taking steps.</summary>
    public TimeSpan TrainingTime => Clock[TimedParts.Sample] + Clock[TimedParts.Step];

    /// <summary>
    /// The content of result.json: the fields of one SAE beside those of the run, of several in
    /// a list.
    /// </summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject
        {
            ["schema"] = 1,
            ["status"] = End.Word(),
            ["run"] = Folder.Id,
            ["folder"] = Folder.Path,
            ["name"] = Plan.Name,
        };
        var timing = TimingJson();
        if (Saes is [var one])
        {
            Add(json, one.Fields());
            AddParts(timing, one);
        }
        else
        {
            json["saes"] = new JsonArray([.. Saes.Select(EntryJson)]);
        }

        timing["sittings"] = Sittings;
        json["timing"] = timing;
        return json;
    }

    private JsonObject EntryJson(SaeResult sae)
    {
        var json = new JsonObject
        {
            ["index"] = sae.Plan.Index,
            ["folder"] = Path.GetRelativePath(Folder.Path, Folder.SaeFolder(sae.Plan)),
        };
        Add(json, sae.Fields());
        var timing = new JsonObject
        {
            ["samples_per_second"] = Json.Number(Math.Round(sae.State.SamplesPerSecond, 1)),
            ["seconds"] = new JsonObject { [TimedParts.Step] = Json.Seconds(sae.State.StepTime) },
        };
        AddParts(timing, sae);
        json["timing"] = timing;
        return json;
    }

    // On a GPU a step is one piece.
    private static void AddParts(JsonObject timing, SaeResult sae)
    {
        if (sae.State.StepParts.Count > 0)
        {
            timing["step_seconds"] = sae.StepSeconds();
        }
    }

    private static void Add(
        JsonObject json, IEnumerable<KeyValuePair<string, JsonNode?>> fields)
    {
        foreach (var (name, value) in fields)
        {
            json[name] = value?.DeepClone();
        }
    }

    private JsonObject TimingJson()
    {
        var seconds = new JsonObject();
        foreach (var (part, span) in Clock.Parts)
        {
            seconds[part] = Json.Seconds(span);
        }

        seconds["total"] = Json.Seconds(Clock.Total);
        return new JsonObject
        {
            ["samples_per_second"] = Json.Number(Math.Round(SamplesPerSecond, 1)),
            ["seconds"] = seconds,
        };
    }
}
