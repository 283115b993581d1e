using System.Text.Json.Nodes;
using SynthSae.Formatting;
using SynthSae.Runs;
using SynthSae.Store;
using SynthSae.Terminal;

namespace SynthSae.Dashboard.RunView;

/// <summary>The scores of a run that has finished, as lines of a table.</summary>
internal static class ScoreRows
{
    private static readonly (string Key, string Title)[] Forms =
        [("training_form", "trained"), ("saved_form", "saved"), ("pruned_form", "pruned")];

    private const int TitleWidth = 14;
    private const int ValueWidth = 18;

    /// <summary>Lines of all SAEs; none where nothing was scored.</summary>
    /// <param name="result">Content of result.json; null if there is none.</param>
    /// <param name="width">Columns that there are.</param>
    public static IReadOnlyList<(string Text, Style Style)> Of(JsonObject? result, int width)
    {
        var saes = result.Field("saes") as JsonArray;
        return saes is null
            ? [.. OfSae("", result, width)]
            : [.. saes.SelectMany(sae => OfSae(Title(sae), sae, width))];
    }

    private static string Title(JsonNode? sae) =>
        $"SAE {sae.Whole("index", 0)}: {sae.Text("architecture")} {sae.Whole("d_sae", 0)}"
            + (double.IsNaN(sae.Number("k")) ? "" : $" k {Numbers.Short(sae.Number("k"))}");

    private static IEnumerable<(string Text, Style Style)> OfSae(
        string title, JsonNode? sae, int width)
    {
        var evaluation = sae.Field("evaluation");
        var forms = Forms
            .Select(form => (form.Title, Json: evaluation.Field(form.Key) as JsonObject))
            .Where(form => form.Json is not null)
            .Select(form => (form.Title, Scores: Scores.OfJson(form.Json!)))
            .ToList();
        if (forms.Count == 0)
        {
            yield break;
        }

        if (title.Length > 0)
        {
            yield return (title, Style.Strong);
        }

        yield return (
            Line("metric", forms.Select(form => form.Title), "what it means", width), Style.Accent);
        foreach (var metric in forms[0].Scores.Metrics)
        {
            var cells = forms.Select(form =>
                form.Scores.Metrics.FirstOrDefault(other => other.Name == metric.Name) is { } found
                    ? Numbers.WithError(found.Value, found.StandardError)
                    : "–");
            var meaning = MetricNames.Meaning(metric.Name);
            yield return (Line(MetricNames.Title(metric.Name), cells, meaning, width), Style.Plain);
        }

        yield return (
            $"on {Counts.Exact(forms[0].Scores.Samples)} samples; ± one standard error",
            Style.Muted);
        yield return ("", Style.Plain);
    }

    private static string Line(string title, IEnumerable<string> cells, string meaning, int width)
    {
        var line = Measure.Fit(title, TitleWidth);
        foreach (var cell in cells)
        {
            line += Measure.Fit(cell, ValueWidth);
        }

        return Measure.Truncate((line + meaning).TrimEnd(), width);
    }
}
