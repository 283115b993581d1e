using System.Globalization;
using SynthSae.Formatting;

namespace SynthSae.Store.Filtering;

/// <summary>One word of a <see cref="RunFilter"/>.</summary>
/// <param name="Negated">It picks what does not fit.</param>
/// <param name="Key">Of what; empty for text anywhere.</param>
/// <param name="Operator">One of <c>: = != &gt; &lt; &gt;= &lt;=</c>.</param>
/// <param name="Value">What is asked for.</param>
internal sealed record RunTerm(bool Negated, string Key, string Operator, string Value)
{
    // Of two that begin alike the longer comes first.
    private static readonly string[] Operators = [">=", "<=", "!=", "=", ">", "<", ":"];

    /// <summary>True if only the run's specification has the field.</summary>
    public bool NeedsSpec => Key.Length > 0 && !RunKeys.IsText(Key) && !RunKeys.IsNumber(Key);

    /// <summary>Read a word; null if it says nothing yet.</summary>
    public static RunTerm? Parse(string word)
    {
        var negated = word.StartsWith('-');
        var rest = negated ? word[1..] : word;
        var at = rest.IndexOfAny(['=', '>', '<', ':', '!']);
        if (at <= 0 || Operators.FirstOrDefault(one => Begins(rest, at, one)) is not { } found)
        {
            return rest.Length == 0 ? null : new RunTerm(negated, "", ":", rest);
        }

        var value = rest[(at + found.Length)..];
        return value.Length == 0
            ? null
            : new RunTerm(negated, rest[..at].ToLowerInvariant(), found, value);
    }

    /// <summary>True if a run is picked.</summary>
    public bool Matches(
        RunSummary run, Func<RunSummary, IReadOnlyDictionary<string, string>?> spec) =>
        Fits(run, spec) != Negated;

    private bool Fits(
        RunSummary run, Func<RunSummary, IReadOnlyDictionary<string, string>?> spec) =>
        Key.Length == 0 ? RunKeys.Texts(run).Any(text => Contains(text, Value))
        : RunKeys.IsText(Key) ? (Operator == "!=") != RunKeys.Texts(run, Key).Any(FitsText)
        : RunKeys.IsNumber(Key) ? RunKeys.Numbers(run, Key).Any(FitsNumber)
        : spec(run) is { } fields
            && fields.Any(field => IsPath(field.Key) && FitsField(field.Value));

    private bool FitsText(string text) =>
        Value.Split(',').Any(one => one.Length > 0 && (Operator == ":"
            ? Contains(text, one)
            : text.Equals(one, StringComparison.OrdinalIgnoreCase)));

    private bool FitsNumber(double number) =>
        Operator == ":" || Operator == "="
            ? Value.Split(',').Any(one => Compare(number, one))
            : Compare(number, Value);

    private bool Compare(double number, string text)
    {
        if (!TryNumber(text, out var asked) || double.IsNaN(number))
        {
            return false;
        }

        return Operator switch
        {
            ">" => number > asked,
            "<" => number < asked,
            ">=" => number >= asked,
            "<=" => number <= asked,
            "!=" => !Near(number, asked),
            _ => Near(number, asked),
        };
    }

    private bool FitsField(string json)
    {
        var text = json.Trim('"');
        return double.TryParse(
            text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? FitsNumber(number)
            : Operator == "!=" ? !FitsText(text) : FitsText(text);
    }

    // A path or its end: lr, sae.lr.
    private bool IsPath(string path) =>
        path.Equals(Key, StringComparison.OrdinalIgnoreCase)
        || path.EndsWith("." + Key, StringComparison.OrdinalIgnoreCase);

    // Numbers are compared as far as they are written.
    private static bool Near(double number, double asked) =>
        Math.Abs(number - asked) <= 1e-6 * Math.Abs(asked);

    private static bool TryNumber(string text, out double number)
    {
        if (text.EndsWith('%') && double.TryParse(
                text[..^1], NumberStyles.Float, CultureInfo.InvariantCulture, out var percent))
        {
            number = percent / 100;
            return true;
        }

        if (Counts.TryParse(text, out var count))
        {
            number = count;
            return true;
        }

        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number);
    }

    private static bool Begins(string text, int at, string with) =>
        string.CompareOrdinal(text, at, with, 0, with.Length) == 0;

    private static bool Contains(string text, string part) =>
        text.Contains(part, StringComparison.OrdinalIgnoreCase);
}
