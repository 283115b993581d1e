using System.Text.Json.Nodes;
using SynthSae.Core;
using SynthSae.Hosting;
using SynthSae.Runs;

namespace SynthSae.Store;

/// <summary>The last word of a run that left no <c>status.json</c>, from its other files.</summary>
internal static class PastRun
{
    /// <summary>Put it together.</summary>
    public static RunSnapshot Read(RunFolder folder, JsonObject run)
    {
        var events = EventTail.Read(folder).ToList();
        var last = events.FirstOrDefault();
        var result = StatusFile.TryRead(folder.ResultFile);
        var finished = result.Text("status") == EventNames.Finished;
        var created = run.Time("created") ?? default;
        var figures = Figures(folder, events, result, out var steps);
        var step = events.FirstOrDefault(one => one.Whole("step", -1) >= 0);
        return new RunSnapshot
        {
            Status = finished ? RunStatus.Finished : EventNames.Status(last.Text("event")),
            Step = step.Whole("step", 0),
            Steps = steps,
            Samples = step.Whole("samples", 0),
            Saes = figures,
            Device = run.Text("device") ?? "cpu",
            Threads = (int)run.Whole("threads", 0),
            Created = created,
            Started = created,
            Updated = last.Time("time") ?? created,
            Message = last.Text("message"),
        };
    }

    private static IReadOnlyList<SaeFigures> Figures(
        RunFolder folder, IReadOnlyList<JsonObject> events, JsonObject? result, out long steps)
    {
        try
        {
            var plan = RunSpecs.Load(folder.Path, []);
            steps = plan.Steps;
            return [.. plan.Saes.Select(sae => Figures(sae, events, result))];
        }
        catch (Exception error) when (ErrorReport.IsBadInput(error))
        {
            steps = 0; // a specification that this version does not know
            return [];
        }
    }

    private static SaeFigures Figures(
        SaePlan sae, IReadOnlyList<JsonObject> events, JsonObject? result)
    {
        var step = events.FirstOrDefault(one =>
            one.Text("event") == "step" && one.Whole("sae", 0) == sae.Index);
        var found = sae.IsAlone ? result : (result.Field("saes") as JsonArray)?[sae.Index];
        var scores = found.Field("evaluation").Field("training_form");
        var isScored = scores is not null;
        return SaeFigures.Of(sae) with
        {
            Loss = step.Number("loss"),
            L0 = step.Number("l0"),
            R2 = step.Number("explained_variance"),
            Dead = (int)step.Whole("dead_latents", -1),
            F1 = scores.Field(MetricNames.F1).Number("value"),
            Mcc = scores.Field(MetricNames.Mcc).Number("value"),
            ScoredAtStep = isScored ? found.Field("training").Whole("steps", -1) : -1,
        };
    }
}
