using SynthSae.Runs;

namespace SynthSae.Dashboard.RunView;

/// <summary>
/// What metrics of a run's log are called on a chart, and in which order people look.
/// </summary>
internal static class MetricTitles
{
    private const string Evaluation = "eval.";

    private static readonly string[] InOrder =
    [
        "loss", "explained_variance", "l0", $"{Evaluation}{MetricNames.F1}",
        $"{Evaluation}{MetricNames.Mcc}", "dead_latents", $"{Evaluation}{MetricNames.R2}",
        $"{Evaluation}{MetricNames.SaeL0}", $"{Evaluation}{MetricNames.Uniqueness}",
        "mse", "coefficient", "k", "lr",
    ];

    private static readonly Dictionary<string, string> OfTraining = new()
    {
        ["loss"] = "loss",
        ["mse"] = "MSE",
        ["explained_variance"] = "R²",
        ["l0"] = "L0",
        ["dead_latents"] = "dead latents",
        ["coefficient"] = "coefficient λ",
        ["k"] = "k",
        ["lr"] = "learning rate",
    };

    /// <summary>E.g. "R²", "F1 scored", "saved: MCC".</summary>
    public static string Of(string metric)
    {
        if (OfTraining.TryGetValue(metric, out var title))
        {
            return title;
        }

        var dot = metric.IndexOf('.');
        return metric.StartsWith(Evaluation, StringComparison.Ordinal)
            ? $"{MetricNames.Title(metric[Evaluation.Length..])} scored"
            : dot > 0 ? $"{metric[..dot]}: {MetricNames.Title(metric[(dot + 1)..])}"
            : metric.Replace('_', ' ');
    }

    /// <summary>Place in the order; those of no special interest come last.</summary>
    public static int Rank(string metric) =>
        Array.IndexOf(InOrder, metric) is >= 0 and var at ? at : InOrder.Length;
}
