using System.Globalization;

namespace SynthSae.Formatting;

/// <summary>Measured numbers for people.</summary>
public static class Numbers
{
    /// <summary>Four significant digits or four decimals, whichever is shorter to read; "–" for none.</summary>
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

        return value.ToString(unit == 0 ? "0" : "0.0", CultureInfo.InvariantCulture) + " " + units[unit];
    }
}
