using SynthSae.Dashboard.Panes;
using SynthSae.Store;
using SynthSae.Terminal;

namespace SynthSae.Dashboard.RunList;

/// <summary>Draws the screen of runs.</summary>
internal static class RunsView
{
    private const int NameWidth = 28;

    /// <summary>Draw it.</summary>
    public static void Draw(Frame frame, Rect area, RunsScreen screen, Context context)
    {
        var list = screen.List;
        var rest = area;
        if (!context.Compact)
        {
            rest = Flow.Draw(frame, rest, Devices(list), 3);
        }

        if (NoSupervisor(screen) is { } warning)
        {
            (var line, rest) = rest.CutTop(1);
            frame.PutLine(line, 0, warning, Style.Warn);
        }

        if (Words(list) is { Length: > 0 } words)
        {
            (var line, rest) = rest.CutBottom(1);
            frame.PutLine(line, 0, words, Style.Muted);
        }

        RunListTable.Draw(frame, rest, list, context.Now);
    }

    /// <summary>What to know if runs wait for nothing; null if they do not.</summary>
    public static string? NoSupervisor(RunsScreen screen)
    {
        var queued = screen.List.All.Count(run => run.Status == RunStatus.Queued);
        return screen.SupervisorLives == false && queued > 0
            ? $"! {queued} queued, but no supervisor lives to begin them: press b"
            : null;
    }

    private static IEnumerable<(string Text, Style Style)> Devices(RunListModel list)
    {
        var busy = DeviceLine.Of(list.All, NameWidth);
        return busy.Count == 0
            ? [(list.Loaded ? "nothing is running" : "", Style.Muted)]
            : busy.Select(device => (device, Style.Plain));
    }

    // Filter, marks and the tally; what is not there is not spoken of.
    private static string Words(RunListModel list)
    {
        if (list.All.Count == 0)
        {
            return "";
        }

        var filter = list.Filter.Text.Length == 0
            ? ""
            : $"/{list.Filter.Text}: {list.Picked} of ";
        var marks = list.Marked.Count == 0 ? "" : $" · {list.Marked.Count} marked";
        var order = $"by {list.Order.Field.Name}{(list.Order.Descending ? '▼' : '▲')}";
        return $"{filter}{list.All.Count} runs {order}{marks} · {Tally.Words(list.All)}";
    }
}
