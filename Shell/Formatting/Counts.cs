using System.Globalization;
using System.Text.RegularExpressions;

namespace SynthSae.Formatting;

/// <summary>Whole numbers as people write them: 200M, 1e6, 20_000, 20,000.</summary>
internal static partial class Counts
{
    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    /// <summary>The forms that <see cref="TryParse"/> understands, for messages and help.</summary>
    public const string Forms = "a whole number such as 20000, 20_000, 1e6, 50k or 200M";

    /// <summary>
    /// Read a count; false for anything else, also for fractions and negative numbers.
    /// </summary>
    public static bool TryParse(string text, out long count)
    {
        count = 0;
        var match = Pattern().Match(text.Trim());
        if (!match.Success)
        {
            return false;
        }

        var digits = match.Groups["number"].Value.Replace("_", "").Replace(",", "");
        if (!decimal.TryParse(digits, NumberStyles.Float, Invariant, out var number))
        {
            return false;
        }

        var factor = match.Groups["suffix"].Value.ToUpperInvariant() switch
        {
            "K" => 1_000m,
            "M" => 1_000_000m,
            "G" or "B" => 1_000_000_000m,
            _ => 1m,
        };

        if (number > long.MaxValue / factor || number * factor % 1 != 0)
        {
            return false;
        }

        count = (long)(number * factor);
        return true;
    }

    /// <summary>20000 as "20,000".</summary>
    public static string Exact(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>At most four significant digits: 950, 20.5k, 200M.</summary>
    public static string Short(double count) =>
        count switch
        {
            >= 1e9 => Digits(count / 1e9) + "G",
            >= 1e6 => Digits(count / 1e6) + "M",
            >= 1e4 => Digits(count / 1e3) + "k",
            _ => count.ToString("N0", CultureInfo.InvariantCulture),
        };

    private static string Digits(double value) =>
        value.ToString(value < 10 ? "0.##" : value < 100 ? "0.#" : "0", Invariant);

    [GeneratedRegex(@"^(?<number>\d[\d_,]*(\.\d+)?([eE]\+?\d{1,2})?)(?<suffix>[kKmMgGbB]?)$")]
    private static partial Regex Pattern();
}
