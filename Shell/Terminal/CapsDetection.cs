namespace SynthSae.Terminal;

/// <summary>What is asked for on the command line.</summary>
internal sealed record CapsFlags(
    bool Ascii = false, bool NoColour = false, bool Mouse = false, bool Light = false);

/// <summary>What a terminal can do, from the environment.</summary>
internal static class CapsDetection
{
    private static readonly string[] TrueColourTerms =
        ["direct", "kitty", "alacritty", "foot", "ghostty", "wezterm", "contour"];

    // They are known to hold a frame back until it is complete.
    private static readonly string[] SyncPrograms = ["WezTerm", "iTerm.app", "ghostty", "contour"];
    private static readonly string[] SyncTerms =
        ["kitty", "foot", "alacritty", "ghostty", "contour"];

    /// <summary>Work it out.</summary>
    /// <param name="variable">A variable of the environment; null if it is not set.</param>
    /// <param name="flags">They go before the environment.</param>
    public static Caps Of(Func<string, string?> variable, CapsFlags flags)
    {
        var remote = IsSet(variable("SSH_TTY")) || IsSet(variable("SSH_CONNECTION"));
        return new Caps(
            Colours(variable, flags),
            flags.Ascii ? Glyphs.Ascii : GlyphsOf(variable),
            flags.Mouse,
            !remote && HasSync(variable),
            flags.Light || IsLight(variable("COLORFGBG")),
            remote);
    }

    /// <summary>True if a full screen can be drawn on it at all.</summary>
    public static bool CanAddressCursor(Func<string, string?> variable) =>
        variable("TERM") is { Length: > 0 } term && term != "dumb" && term != "unknown";

    private static ColourDepth Colours(Func<string, string?> variable, CapsFlags flags)
    {
        var term = variable("TERM") ?? "";
        if (flags.NoColour || IsSet(variable("NO_COLOR")) || IsMono(term))
        {
            return ColourDepth.None;
        }

        return variable("COLORTERM") is "truecolor" or "24bit" || Has(term, TrueColourTerms)
            ? ColourDepth.True
            : term.Contains("256color") || IsSet(variable("WT_SESSION"))
                ? ColourDepth.Ansi256
                : ColourDepth.Ansi16;
    }

    private static bool IsMono(string term) =>
        term.Length == 0 || term == "dumb" || term.EndsWith("-m", StringComparison.Ordinal)
        || term.StartsWith("vt1", StringComparison.Ordinal)
        || term.StartsWith("vt2", StringComparison.Ordinal)
        || term.EndsWith("-mono", StringComparison.Ordinal);

    // The Linux console has neither blocks for all nor braille.
    private static Glyphs GlyphsOf(Func<string, string?> variable)
    {
        var locale = First(variable("LC_ALL"), variable("LC_CTYPE"), variable("LANG")) ?? "";
        var isUtf8 = locale.Contains("UTF-8", StringComparison.OrdinalIgnoreCase)
            || locale.Contains("UTF8", StringComparison.OrdinalIgnoreCase);
        return !isUtf8 || (variable("TERM") ?? "").StartsWith("vt", StringComparison.Ordinal)
            ? Glyphs.Ascii
            : variable("TERM") == "linux" ? Glyphs.Blocks : Glyphs.Braille;
    }

    private static bool HasSync(Func<string, string?> variable) =>
        Array.IndexOf(SyncPrograms, variable("TERM_PROGRAM")) >= 0
        || Has(variable("TERM") ?? "", SyncTerms);

    // "15;0" is white on black, "0;15" the contrary.
    private static bool IsLight(string? colours) =>
        colours?.Split(';')[^1] is "7" or "15";

    private static bool Has(string text, string[] parts) => Array.Exists(parts, text.Contains);

    private static bool IsSet(string? value) => !string.IsNullOrEmpty(value);

    private static string? First(params string?[] values) => Array.Find(values, IsSet);
}
