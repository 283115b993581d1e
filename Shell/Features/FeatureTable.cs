using System.Globalization;
using SynthSae.Compute;
using SynthSae.Core;

namespace SynthSae.Features;

/// <summary>Reads <c>features.csv</c>.</summary>
internal static class FeatureTable
{
    private const int Columns = 20;

    /// <summary>All features; raises what is wrong with the file, and where.</summary>
    public static IReadOnlyList<FeatureRow> Read(string path)
    {
        var lines = Files.ReadText(path).TrimEnd('\n').Split('\n');
        if (lines[0] != RecoveryReport.csvHeader)
        {
            throw Failure.BadInput(
                path,
                "has other columns than this version writes; make it anew with eval --features");
        }

        var rows = new FeatureRow[lines.Length - 1];
        for (var index = 0; index < rows.Length; index++)
        {
            rows[index] = Row(lines[index + 1].Split(',')) is { } row && row.Feature == index
                ? row
                : throw Failure.BadInput($"{path}, line {index + 2}", "is damaged");
        }

        return rows.All(row => row.Parent < rows.Length && row.Parent != row.Feature)
            ? rows
            : throw Failure.BadInput(path, "names a parent that there is not");
    }

    private static FeatureRow? Row(string[] cells) =>
        cells.Length == Columns
        && FeatureVerdicts.Of(cells[^1]) is { } verdict
        && Numbers(cells.AsSpan(..^1)) is { } numbers
            ? new FeatureRow(
                (int)numbers[0],
                WholeOrNone(numbers[1]),
                WholeOrNone(numbers[2]),
                numbers[3],
                numbers[4],
                numbers[5],
                Detector(numbers.AsSpan(6, 5)),
                Detector(numbers.AsSpan(11, 5)),
                (int)numbers[16],
                numbers[17],
                numbers[18],
                verdict)
            : null;

    private static FeatureDetector Detector(ReadOnlySpan<double> cells) =>
        new((int)cells[0], cells[1], cells[2], cells[3], cells[4]);

    private static int WholeOrNone(double number) => double.IsNaN(number) ? -1 : (int)number;

    // NaN for an empty cell; null if one holds something else.
    private static double[]? Numbers(ReadOnlySpan<string> cells)
    {
        var numbers = new double[cells.Length];
        for (var index = 0; index < cells.Length; index++)
        {
            var isNumber = double.TryParse(
                cells[index],
                NumberStyles.Float,
                CultureInfo.InvariantCulture,
                out numbers[index]);
            if (!isNumber && cells[index].Length > 0)
            {
                return null;
            }

            numbers[index] = isNumber ? numbers[index] : double.NaN;
        }

        return numbers;
    }
}
