using SynthSae.Features;
using SynthSae.Formatting;
using SynthSae.Terminal;
using SynthSae.Terminal.Charts;

namespace SynthSae.Dashboard.Features;

/// <summary>The cosines of latents with features.</summary>
internal static class MapDrawing
{
    /// <summary>Draw the map with its legend.</summary>
    public static void Draw(Frame frame, Rect area, FeatureSummary summary, Caps caps)
    {
        var map = summary.HeatMap;
        if (map.Count == 0 || map[0].Count == 0)
        {
            frame.PutLine(area, 0, "no map was written", Style.Muted);
            return;
        }

        var (head, rest) = area.CutTop(1);
        var (foot, body) = rest.CutBottom(rest.Height > 6 ? 1 : 0);
        frame.PutLine(
            head,
            0,
            $"{Counts.Exact(summary.Features)} features → by trees; "
                + $"{Counts.Exact(summary.Latents)} latents ↓ by their feature",
            Style.Muted);
        HeatMap.Draw(frame, body, map.Count, map[0].Count, (row, column) => map[row][column], caps);
        var (legend, words) = foot.CutLeft(12);
        HeatMap.DrawLegend(frame, legend, caps, signed: false);
        frame.PutLine(words, 0, "largest |cos| of each cell", Style.Muted);
    }
}
