using System.Globalization;
using System.Text.Json.Nodes;
using SynthSae.Core;
using SynthSae.Hosting;
using SynthSae.Settings;

namespace SynthSae.Runs;

/// <summary>The content of run.json: everything needed to run it again.</summary>
public static class RunDescription
{
    /// <summary>Key of the specification in run.json.</summary>
    public const string SpecKey = "spec";

    private const string BackendKey = "backend";
    private const string Reference = "reference";
    private const string TimeFormat = "yyyy-MM-ddTHH:mm:ssZ";

    public static JsonObject Of(RunPlan plan, AppSettings settings) =>
        new()
        {
            ["schema"] = 1,
            ["name"] = plan.Name,
            ["created"] = DateTime.UtcNow.ToString(TimeFormat, CultureInfo.InvariantCulture),
            ["program"] = new JsonObject { ["version"] = Build.Version, ["commit"] = Build.Commit },
            ["machine"] = Machine.ToJson(),
            [BackendKey] = settings.UseReference ? Reference : "cpu",
            ["threads"] = settings.Threads,
            [SpecKey] = JsonNode.Parse(plan.Json),
        };

    /// <summary>Whether a run computes with the Reference backend.</summary>
    public static bool UsesReference(RunFolder folder) =>
        JsonNode.Parse(Files.ReadText(folder.RunFile))?[BackendKey]?.ToString() == Reference;
}
