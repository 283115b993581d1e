using System.Globalization;
using System.Text;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Runs;

namespace SynthSae.Sweeps;

/// <summary>The table of a sweep as files.</summary>
internal static class SweepTableText
{
    /// <summary>Write table.csv, table.json and table.md into the sweep's folder.</summary>
    public static void Write(SweepFolder folder, SweepTable table)
    {
        Files.WriteText(folder.CsvFile, Csv(table));
        Files.WriteText(folder.JsonFile, Json.Pretty(table.ToJson()));
        Files.WriteText(folder.MarkdownFile, Markdown(table));
    }

    /// <summary>
    /// Comma-separated values: a row for each point, of each metric the mean and the standard
    /// deviation over the seeds; what is not known is empty.
    /// </summary>
    public static string Csv(SweepTable table)
    {
        var metrics = table.Forms
            .SelectMany(form => table.Metrics.Select(metric => (Form: form, Metric: metric)))
            .ToList();
        var text = new StringBuilder();
        Line(text,
        [
            .. table.Record.Columns, "runs", "finished", "failed",
            .. metrics.SelectMany(one => Pair(one.Form.Prefix + one.Metric)),
            .. Pair("samples_per_second"),
        ]);
        foreach (var row in table.Rows)
        {
            Line(text,
            [
                .. row.Point, $"{row.Trials.Count}", $"{row.Finished}",
                $"{row.Failed}",
                .. metrics.SelectMany(one => Cells(row[one.Form, one.Metric])),
                .. Cells(row.SamplesPerSecond),
            ]);
        }

        return text.ToString();
    }

    /// <summary>A Markdown table of the forms that were scored.</summary>
    public static string Markdown(SweepTable table)
    {
        var text = new StringBuilder($"# {table.Record.Name}\n");
        foreach (var form in table.Forms.DefaultIfEmpty(ScoredForm.Saved))
        {
            text.Append(CultureInfo.InvariantCulture, $"\nAs {form.Word}:\n\n");
            Row(text,
            [
                .. table.Record.Columns,
                .. table.Metrics.Select(MetricNames.Title), "samples/s", "runs",
            ]);
            Row(text,
            [
                .. table.Record.Columns.Select(_ => "---"),
                .. table.Metrics.Select(_ => "---:"), "---:", "---",
            ]);
            foreach (var row in table.Rows)
            {
                Row(text,
                [
                    .. row.Point.Select(Escaped),
                    .. table.Metrics.Select(metric => row[form, metric].Words),
                    SamplesPerSecond(row), row.Words,
                ]);
            }
        }

        text.Append(CultureInfo.InvariantCulture, $"\n{Explanation}\n");
        return text.ToString();
    }

    /// <summary>What the figures of a table for people mean.</summary>
    public const string Explanation =
        "Means over the seeds, in brackets the standard deviation of the last digits; "
        + "samples/s: of an SAE's own steps.";

    /// <summary>For people.</summary>
    public static string SamplesPerSecond(SweepTable.Row row) =>
        row.SamplesPerSecond.Count == 0 ? "–" : Counts.Short(row.SamplesPerSecond.Mean);

    private static string[] Pair(string name) => [name, name + "_sd"];

    private static string[] Cells(Spread spread) => [Cell(spread.Mean), Cell(spread.Deviation)];

    private static string Cell(double value) =>
        double.IsFinite(value) ? value.ToString("R", CultureInfo.InvariantCulture) : "";

    private static void Line(StringBuilder text, IReadOnlyList<string> cells) =>
        text.AppendJoin(',', cells.Select(Quoted)).Append('\n');

    private static string Quoted(string cell) =>
        cell.AsSpan().ContainsAny(",\"\n")
            ? $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
            : cell;

    private static void Row(StringBuilder text, IReadOnlyList<string> cells) =>
        text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");

    private static string Escaped(string cell) =>
        cell.Replace("|", "\\|", StringComparison.Ordinal);
}
