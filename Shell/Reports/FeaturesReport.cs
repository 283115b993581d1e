using System.Globalization;
using SynthSae.Compute;
using SynthSae.Formatting;
using SynthSae.Hosting;

namespace SynthSae.Reports;

/// <summary>What became of the true features in an SAE, in a few tables.</summary>
internal static class FeaturesReport
{
    private static readonly TextTable.Column[] Figures =
    [
        new("features", Right: true),
        new("recovered", Right: true),
        new("split", Right: true),
        new("absorbed", Right: true),
        new("missed", Right: true),
        new("F1", Right: true),
        new("|cos|", Right: true),
    ];

    /// <summary>Write them.</summary>
    public static void Write(Recovery recovery, Host host)
    {
        var summary = RecoverySummaryModule.ofFeatures(recovery.Features);
        WriteTable(host, "features", [("all", summary.All)]);
        WriteTable(host, "depth", summary.ByDepth.Select(at => (
            at.Item1?.Value.ToString(CultureInfo.InvariantCulture) ?? "none", at.Item2)));
        WriteTable(host, "active in", summary.ByRate.Select(bin => (
            $"{Percent(bin.From)} – {Percent(bin.To)} %", bin.Group)));
        WriteTable(host, "magnitude", summary.ByMagnitude.Select(bin => (
            $"{Short(bin.From)} – {Short(bin.To)}", bin.Group)));
        if (summary.NeverActive > 0)
        {
            host.Out.WriteLine();
            host.Out.WriteLine(
                $"{Counts.Exact(summary.NeverActive)} features were active in no sample; they are "
                + "left out.");
        }
    }

    private static void WriteTable(
        Host host, string heading, IEnumerable<(string Name, RecoveryGroup Group)> rows)
    {
        var table = new TextTable([new(heading), .. Figures]);
        foreach (var (name, group) in rows)
        {
            table.Add(
                name,
                Counts.Exact(group.Features),
                Share(group.Recovered, group),
                Share(group.Split, group),
                Share(group.Absorbed, group),
                Share(group.Missed, group),
                Mean(group.MeanF1),
                Mean(group.MeanCosine));
        }

        host.Out.WriteLine();
        table.Write(host.Out, host.Width);
    }

    private static string Share(int part, RecoveryGroup group) =>
        group.Features == 0
            ? "–"
            : (100.0 * part / group.Features).ToString("0.0", CultureInfo.InvariantCulture) + " %";

    private static string Mean(double value) =>
        double.IsNaN(value) ? "–" : value.ToString("0.000", CultureInfo.InvariantCulture);

    private static string Percent(double rate) => Short(100 * rate);

    private static string Short(double value) => value.ToString("G3", CultureInfo.InvariantCulture);
}
