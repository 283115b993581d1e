using System.Text.Json.Nodes;
using SynthSae.Formatting;
using SynthSae.Progress;
using SynthSae.Runs;

namespace SynthSae.Store;

/// <summary>Events of a run's log in words.</summary>
internal static class EventText
{
    /// <summary>One line; null for what another event says in words.</summary>
    public static string? Of(JsonObject json) =>
        json.Text("event") switch
        {
            EventNames.Queued => "queued",
            EventNames.Started =>
                $"started: {Steps(json, "steps")}{Saes(json.Whole("saes", 1))}",
            EventNames.Resumed => $"resumed after step {Count(json, "step")}",
            EventNames.Finished => $"finished{After(json)}",
            EventNames.Stopped or "interrupted" => $"stopped{After(json)}",
            EventNames.Paused => $"paused{After(json)}",
            EventNames.Failed => $"failed: {json.Text("message")}",
            "phase" => json.Text("what") is { } what
                ? $"{json.Text("phase")}: {what}"
                : json.Text("phase"),
            "world" or "activations" => $"{json.Text("event")} ready{After(json)}",
            "note" => $"note: {json.Text("text")}",
            "memory" or "scaled" => null, // notes say it
            "resampled" => $"step {Count(json, "step")}: {json.Text("text")}",
            "step" => ProgressText.Step(Progress(json), Sae(json)),
            "pruning" => $"pruned below {Numbers.Short(json.Number("threshold"))}",
            "evaluation" => Evaluation(json),
            "checkpoint" => $"checkpoint after step {Count(json, "step")}",
            "saved" => $"{Sae(json) ?? "SAE"} saved after step {Count(json, "step")}",
            _ => Unknown(json),
        };

    /// <summary>The figures of a step event.</summary>
    public static StepProgress Progress(JsonObject json) =>
        new(
            json.Whole("step", 0),
            0,
            json.Whole("samples", 0),
            json.Number("loss"),
            json.Number("mse"),
            json.Number("l0"),
            json.Number("explained_variance"),
            (int)json.Whole("dead_latents", 0),
            json.Number("lr"));

    private static string Evaluation(JsonObject json)
    {
        var form = json.Text("form");
        var scores = Scores.OfJson(json.Field("metrics") as JsonObject ?? []);
        var label = string.Join(", ", new[] { Sae(json), form is null ? null : $"form {form}" }
            .OfType<string>());
        return ProgressText.Evaluation(label, json.Whole("step", 0), scores);
    }

    // A run with one SAE has number 0 alone, so 0 says nothing.
    private static string? Sae(JsonObject json) =>
        json.Whole("sae", 0) is > 0 and var sae ? $"SAE {sae}" : null;

    private static string Steps(JsonObject json, string name) => $"{Count(json, name)} steps";

    private static string Saes(long count) => count == 1 ? "" : $", {count} SAEs";

    private static string After(JsonObject json) =>
        double.IsNaN(json.Number("seconds"))
            ? ""
            : $" after {Durations.Words(json.Number("seconds"))}";

    private static string Count(JsonObject json, string name) =>
        Counts.Exact(json.Whole(name, 0));

    private static string Unknown(JsonObject json)
    {
        var fields = json
            .Where(field => field.Key is not ("time" or "event") && field.Value is not null)
            .Select(field => $"{field.Key} {Json.Line(field.Value!)}");
        return string.Join("  ", fields.Prepend(json.Text("event") ?? "?"));
    }
}
