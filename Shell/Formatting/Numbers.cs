using System.Globalization;

namespace SynthSae.Formatting;

/// <summary>Measured numbers for people.</summary>
internal static class Numbers
{
    /// <summary>
    /// Four significant digits or four decimals, whichever is shorter to read; "–" for none.
    /// </summary>
    public static string Short(double value) =>
        !double.IsFinite(value)
            ? "–"
            : Math.Abs(value) switch
            {
                0 => "0",
                >= 10_000 => value.ToString("N0", CultureInfo.InvariantCulture),
                >= 1_000 => value.ToString("N1", CultureInfo.InvariantCulture),
                >= 100 => value.ToString("0.00", CultureInfo.InvariantCulture),
                >= 10 => value.ToString("0.000", CultureInfo.InvariantCulture),
                >= 0.01 => value.ToString("0.0000", CultureInfo.InvariantCulture),
                _ => value.ToString("0.00e+0", CultureInfo.InvariantCulture),
            };

    /// <summary>
    /// Value ± error, both to the decimals that the error gives meaning to; at most four. Whole
    /// numbers without an error have none.
    /// </summary>
    public static string WithError(double value, double error)
    {
        if (!(error > 0))
        {
            return double.IsInteger(value)
                ? value.ToString("N0", CultureInfo.InvariantCulture)
                : Short(value);
        }

        var decimals = Math.Clamp(1 - (int)Math.Floor(Math.Log10(error)), 0, 4);
        string Fixed(double number) =>
            number.ToString("N" + decimals, CultureInfo.InvariantCulture);
        return error < 0.00005 ? $"{Fixed(value)} ± <0.0001" : $"{Fixed(value)} ± {Fixed(error)}";
    }

    /// <summary>
    /// The value to the first digit of its error, which follows in brackets: 0.9584(5) is
    /// 0.9584 ± 0.0005.
    /// </summary>
    public static string Concise(double value, double error)
    {
        if (!(error > 0))
        {
            return WithError(value, error);
        }

        var decimals = Math.Clamp(-(int)Math.Floor(Math.Log10(error / 0.95)), 0, 6);
        var digits = Math.Round(error * Math.Pow(10, decimals));
        var number = value.ToString("N" + decimals, CultureInfo.InvariantCulture);
        return $"{number}({digits.ToString("0", CultureInfo.InvariantCulture)})";
    }

    /// <summary>Bytes in binary units: "3.2 GiB".</summary>
    public static string Bytes(long bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB"];
        var value = (double)bytes;
        var unit = 0;
        while (value >= 1024 && unit < units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        var number = value.ToString(unit == 0 ? "0" : "0.0", CultureInfo.InvariantCulture);
        return $"{number} {units[unit]}";
    }
}
