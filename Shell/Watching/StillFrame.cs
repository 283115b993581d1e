using SynthSae.Dashboard;
using SynthSae.Dashboard.RunList;
using SynthSae.Dashboard.RunView;
using SynthSae.Store;
using SynthSae.Terminal;

namespace SynthSae.Watching;

/// <summary>A screen of the dashboard as text: the same views without a full screen.</summary>
internal static class StillFrame
{
    private const int RowsOfRun = 24;
    private const int RowsBesideRuns = 6;

    /// <summary>The table of all runs.</summary>
    public static IReadOnlyList<string> OfRuns(
        IReadOnlyList<RunSummary> runs, DateTime now, Caps caps, Size most)
    {
        var rows = Math.Min(runs.Count + RowsBesideRuns, most.Rows);
        var context = Context(now, caps, new Size(most.Columns, rows));
        context = context with { Data = context.Data.With(runs, now) };
        var screen = (RunsScreen)RunsScreen.Of(ViewSettings.Default)
            .Update(new Msg.RunsRead(runs), context).Layer;
        // Nobody can act on a row.
        return Draw(screen with { List = screen.List.WithoutSelection() }, context);
    }

    /// <summary>One run.</summary>
    public static IReadOnlyList<string> OfRun(
        RunSummary run, RunCurves curves, DateTime now, Caps caps, Size most)
    {
        var context = Context(now, caps, new Size(most.Columns, Math.Min(RowsOfRun, most.Rows)));
        var data = context.Data.With([run], now);
        context = context with
        {
            Data = data with { Histories = data.Histories.SetItem(run.Id, curves) },
            Chosen = run.Id,
        };
        return Draw(new RunScreen(), context);
    }

    private static Context Context(DateTime now, Caps caps, Size size) =>
        new() { Now = now, Caps = caps, Size = size };

    private static IReadOnlyList<string> Draw(Screen screen, Context context)
    {
        var frame = new Frame(context.Size);
        screen.View(frame, frame.Area, context);
        var lines = (context.Caps.Glyphs == Glyphs.Ascii ? frame.ToAscii() : frame).Lines();
        return [.. Trimmed(lines)];
    }

    // The words at the foot of a table stand below it, wherever it ends.
    private static IEnumerable<string> Trimmed(IReadOnlyList<string> lines) =>
        lines.Where((line, at) => line.Length > 0 || (at > 0 && lines[at - 1].Length > 0))
            .Reverse().SkipWhile(line => line.Length == 0).Reverse();
}
