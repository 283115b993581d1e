using System.Text.Json.Nodes;
using SynthSae.Dashboard.RunList;
using SynthSae.Formatting;
using SynthSae.Store;
using SynthSae.Store.Filtering;

namespace SynthSae.Dashboard.Comparison;

/// <summary>A row of the table in which SAEs are compared.</summary>
/// <param name="Name">A field's path, or a metric.</param>
/// <param name="Values">One for each SAE; "–" for none.</param>
/// <param name="Best">The one that does best, from 0; -1 where that is no question, or a
///   tie.</param>
internal sealed record CompareRow(string Name, IReadOnlyList<string> Values, int Best = -1);

/// <summary>
/// What SAEs have not in common: fields of their specifications, and how they do.
/// </summary>
internal static class CompareTable
{
    private const int Width = 9;

    private static readonly (string Name, Func<SaeFigures, double> Figure, int Better)[] Figures =
    [
        ("loss", sae => sae.Loss, 0),
        ("R²", sae => sae.R2, 1),
        ("L0", sae => sae.L0, 0),
        ("MCC", sae => sae.Mcc, 1),
        ("F1", sae => sae.F1, 1),
        ("dead latents", sae => sae.Dead < 0 ? double.NaN : sae.Dead, -1),
    ];

    /// <summary>How they stand, how they do, and in which fields they differ.</summary>
    public static IReadOnlyList<CompareRow> Of(
        IReadOnlyList<CompareItem> items, Func<string, JsonObject?> spec) =>
        [.. Metrics(items), .. Fields([.. items.Select(item => item.SpecOf(spec(item.Run.Id)))])];

    /// <summary>Fields in which specifications differ.</summary>
    public static IReadOnlyList<CompareRow> Fields(IReadOnlyList<JsonObject> specs) =>
    [
        .. SpecDifference.Of(specs).Select(field => new CompareRow(
            field.Path, [.. field.Values.Select(Plain)])),
    ];

    /// <summary>How they stand and do.</summary>
    public static IReadOnlyList<CompareRow> Metrics(IReadOnlyList<CompareItem> items) =>
    [
        new("state", [.. items.Select(item => State(item.Run))]),
        new("samples", [.. items.Select(item => Counts.Short(item.Run.Snapshot.Samples))]),
        .. Figures.Select(figure => Of(
            figure.Name, [.. items.Select(item => figure.Figure(item.Figures))], figure.Better)),
    ];

    private static string State(RunSummary run) =>
        run.Status == RunStatus.Finished
            ? run.Status.Word()
            : $"{run.Status.Brief()} {Advance.Percent(RunProgress.Share(run.Snapshot))}";

    private static CompareRow Of(string name, IReadOnlyList<double> values, int better) =>
        new(
            name,
            [.. values.Select(value => double.IsInteger(value)
                ? SaeRange.Plain(value, Width)
                : SaeRange.Compact(value, Width))],
            Best(values, better));

    private static int Best(IReadOnlyList<double> values, int better)
    {
        var known = values.Where(double.IsFinite).ToList();
        if (better == 0 || known.Count < 2)
        {
            return -1;
        }

        var best = better > 0 ? known.Max() : known.Min();
        return known.Count(value => value == best) == 1 ? values.ToList().IndexOf(best) : -1;
    }

    private static string Plain(string? json) =>
        json is null ? "–" : json.StartsWith('"') ? json.Trim('"') : json;
}
