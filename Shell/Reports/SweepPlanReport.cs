using System.Text.Json.Nodes;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Spec;
using SynthSae.Sweeps;

namespace SynthSae.Reports;

/// <summary>The runs that a sweep would consist of.</summary>
internal static class SweepPlanReport
{
    /// <summary>Write them to standard output.</summary>
    public static void Write(SweepPlan plan, Host host, bool json)
    {
        if (json)
        {
            host.Out.Write(Json.Pretty(ToJson(plan)));
            return;
        }

        host.Out.WriteLine($"{plan.Spec.Name}: {Counts.Exact(plan.Trials.Count)} SAEs in "
            + $"{Counts.Exact(plan.Runs.Count)} runs, {Counts.Short(plan.Samples)} samples in all");
        host.Out.WriteLine();
        var columns = SweepReport.Headings([.. SweepSpecModule.columns(plan.Spec)]);
        var table = new TextTable(
        [
            new("run", Right: true),
            new("seed", Right: true),
            .. columns.Select(name => new TextTable.Column(name)),
            new("samples", Right: true),
        ]);
        foreach (var (number, run) in plan.Runs.Index())
        {
            foreach (var trial in run.Trials.Select(index => plan.Trials[index]))
            {
                table.Add(
                [
                    $"{number + 1}",
                    $"{trial.Seed}",
                    .. trial.Point.Select(value => value.Item2),
                    Counts.Short(run.Plan.Spec.Value.Training.Samples),
                ]);
            }
        }

        table.Write(host.Out, host.Width);
    }

    private static JsonObject ToJson(SweepPlan plan) => new()
    {
        ["name"] = plan.Spec.Name,
        ["samples"] = plan.Samples,
        ["runs"] = new JsonArray([.. plan.Runs.Select(run => new JsonObject
        {
            ["trials"] = new JsonArray(
                [.. run.Trials.Select(index => TrialJson(plan.Trials[index]))]),
            ["spec"] = JsonNode.Parse(run.Plan.Json),
        })]),
    };

    private static JsonObject TrialJson(SweepTrial trial) => new()
    {
        ["point"] = new JsonObject(trial.Point.Select(value =>
            KeyValuePair.Create(value.Item1, (JsonNode?)value.Item2))),
        ["seed"] = trial.Seed,
    };
}
