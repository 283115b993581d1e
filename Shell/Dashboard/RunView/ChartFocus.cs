using System.Collections.Immutable;

namespace SynthSae.Dashboard.RunView;

/// <summary>Which chart of a run keys act on, and what it shows.</summary>
internal static class ChartFocus
{
    /// <summary>The metrics that are chosen and there, in their order.</summary>
    public static ImmutableList<string> Chosen(this RunScreen screen, RunCurves curves)
    {
        var there = curves.Metrics();
        ImmutableList<string> chosen = [.. screen.Metrics.Where(there.Contains)];
        return chosen.Count > 0 ? chosen : [.. there];
    }

    /// <summary>The metric of the chart in focus; null if there is none.</summary>
    public static string? Focused(this RunScreen screen, RunCurves curves)
    {
        var chosen = screen.Chosen(curves);
        return chosen.Count == 0 ? null : chosen[Math.Clamp(screen.Focus, 0, chosen.Count - 1)];
    }

    /// <summary>To another chart.</summary>
    public static RunScreen Focus(this RunScreen screen, int by, RunCurves curves)
    {
        var last = Math.Max(0, screen.Chosen(curves).Count - 1);
        return screen with { Focus = Math.Clamp(Math.Clamp(screen.Focus, 0, last) + by, 0, last) };
    }

    /// <summary>Another metric, of those that are not shown, in the chart in focus.</summary>
    public static RunScreen Turn(this RunScreen screen, int by, RunCurves curves)
    {
        var there = curves.Metrics();
        if (screen.Focused(curves) is not { } now || there.Count < 2)
        {
            return screen;
        }

        var chosen = screen.Chosen(curves);
        var at = there.ToList().IndexOf(now);
        var next = there[(((at + by) % there.Count) + there.Count) % there.Count];
        var place = chosen.IndexOf(now);
        var other = chosen.IndexOf(next);
        chosen = other < 0
            ? chosen.SetItem(place, next)
            : chosen.SetItem(place, next).SetItem(other, now);
        return screen with { Metrics = chosen, Focus = place };
    }
}
