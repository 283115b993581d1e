namespace SynthSae.Terminal;

/// <summary>What stands in for other characters where there is only ASCII.</summary>
internal static class Ascii
{
    private static readonly (string Characters, char StandIn)[] Groups =
    [
        ("─━‐–—╴╶", '-'), ("═", '='), ("│┃║▏▎▍▌▐", '|'), ("┌┐└┘├┤┬┴┼╭╮╰╯╞╡", '+'),
        ("…≈", '~'), ("±", '~'), ("·", '.'), ("•●■◆█▓▀▄▅▆▇▉▊▋", '#'), ("▒", '+'), ("░", '.'),
        ("○◇□", 'o'), ("▲▴△↑", '^'), ("▼▾▽↓✓", 'v'), ("◀←", '<'), ("▶▸→↵", '>'), ("✗×", 'x'),
        ("▁▂", '_'), ("▃", '-'), ("²", '2'), ("³", '3'), ("≤", '<'), ("≥", '>'), ("λ", 'l'),
        ("μ", 'u'), ("α", 'a'), ("àáâãäå", 'a'), ("ÀÁÂÃÄÅ", 'A'), ("çÇ", 'c'), ("èéêë", 'e'),
        ("ÈÉÊË", 'E'), ("ìíîï", 'i'), ("ÌÍÎÏ", 'I'), ("ñ", 'n'), ("Ñ", 'N'), ("òóôõöø", 'o'),
        ("ÒÓÔÕÖØ", 'O'), ("ùúûü", 'u'), ("ÙÚÛÜ", 'U'), ("ýÿ", 'y'), ("ß", 's'), ("‘’", '\''),
        ("“”", '"'),
    ];

    private static readonly Dictionary<string, string> StandIns = Groups
        .SelectMany(group => group.Characters, (group, one) => (one, group.StandIn))
        .ToDictionary(pair => pair.one.ToString(), pair => pair.StandIn.ToString());

    /// <summary>True for text of printable ASCII characters only.</summary>
    public static bool IsPlain(string text)
    {
        foreach (var letter in text)
        {
            if (letter is < ' ' or > '~')
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>One printable ASCII character for what stands in a cell.</summary>
    public static string StandIn(string cluster) =>
        cluster.Length == 0 || IsPlain(cluster) ? cluster
        : StandIns.TryGetValue(cluster, out var known) ? known
        : Base(cluster);

    // The letter without its accents, where it is written as a letter and accents.
    private static string Base(string cluster) =>
        cluster[0] is > ' ' and <= '~' ? Cell.Of(cluster[0])
        : StandIns.GetValueOrDefault(cluster[..1], "?");
}
