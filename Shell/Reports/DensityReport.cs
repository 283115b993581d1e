using System.Globalization;
using SynthSae.Compute;
using SynthSae.Formatting;
using SynthSae.Hosting;

namespace SynthSae.Reports;

/// <summary>How many latents fire how often, by powers of ten.</summary>
internal static class DensityReport
{
    private const int LongestBar = 40;

    /// <summary>Write it, the rarest firing first.</summary>
    public static void Write(DensityHistogram density, Host host)
    {
        var decades = density.Log10From
            .Zip(density.Latents)
            .GroupBy(bin => (int)Math.Floor(bin.First))
            .Select(decade => (From: decade.Key, Latents: decade.Sum(bin => bin.Second)))
            .OrderBy(decade => decade.From)
            .ToList();
        var most = Math.Max(1, decades.Select(decade => decade.Latents).Append(density.Dead).Max());
        var table = new TextTable(new("fires in"), new("latents", Right: true), new(""));
        void Add(string name, int latents) => table.Add(
            name,
            Counts.Exact(latents),
            new string('━', (int)Math.Ceiling((double)LongestBar * latents / most)));
        Add("no sample", density.Dead);
        foreach (var (from, latents) in decades)
        {
            Add($"{Share(from)} – {Share(from + 1)}", latents);
        }

        table.Write(host.Out, host.Width);
    }

    private static string Share(int power) =>
        Math.Pow(10, power + 2).ToString("0.############", CultureInfo.InvariantCulture) + " %";
}
