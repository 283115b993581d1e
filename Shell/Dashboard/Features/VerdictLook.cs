using SynthSae.Features;
using SynthSae.Terminal;

namespace SynthSae.Dashboard.Features;

/// <summary>How verdicts look: a letter, and a colour that says the same.</summary>
internal static class VerdictLook
{
    /// <summary>Style of the letter.</summary>
    public static Style Style(this FeatureVerdict verdict) => verdict switch
    {
        FeatureVerdict.Recovered => Terminal.Style.Good,
        FeatureVerdict.Split => Terminal.Style.Warn,
        FeatureVerdict.Absorbed => new Style(Colour.Series5, Bold: true),
        _ => Terminal.Style.Bad,
    };

    /// <summary>
    /// A bar of letters, as many of each verdict as its share: "RRRRRRSAAMMM". What there is of has
    /// at least one letter, as far as there is room.
    /// </summary>
    public static IEnumerable<(string Text, Style Style)> Bar(FeatureGroup group, int width) =>
        FeatureVerdicts.All.Zip(Lengths(group.Verdicts, width)).Select(part =>
            (new string(part.First.Letter(), part.Second), part.First.Style()));

    /// <summary>A width parted by counts: the largest remainders are rounded up.</summary>
    public static IReadOnlyList<int> Lengths(IReadOnlyList<int> counts, int width)
    {
        var sum = counts.Sum(count => (long)count);
        if (sum == 0 || width <= 0)
        {
            return [.. counts.Select(_ => 0)];
        }

        var least = counts.Count(count => count > 0) <= width ? 1 : 0;
        var lengths = counts
            .Select(count => count == 0 ? 0 : (int)Math.Max(least, count * (long)width / sum))
            .ToArray();
        double Lack(int index) => ((double)counts[index] * width / sum) - lengths[index];
        var all = Enumerable.Range(0, counts.Count).Where(index => counts[index] > 0).ToList();
        while (lengths.Sum() < width)
        {
            lengths[all.MaxBy(Lack)]++;
        }

        while (lengths.Sum() > width)
        {
            lengths[all.Where(index => lengths[index] > least).MinBy(Lack)]--;
        }

        return lengths;
    }
}
