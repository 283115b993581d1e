using SynthSae.Store;
using SynthSae.Terminal;

namespace SynthSae.Dashboard;

/// <summary>What the model looks like.</summary>
internal static class View
{
    /// <summary>The whole screen.</summary>
    public static Frame Of(Model model)
    {
        var context = model.Context;
        var frame = new Frame(context.Size);
        if (context.Size.Covers(DashboardLayout.Least))
        {
            var layout = DashboardLayout.Of(context);
            DrawHeader(frame, layout.Header, model);
            model.Screen.View(frame, layout.Body, context);
            Footer.Draw(frame, layout, model);
            foreach (var layer in model.Layers.Reverse())
            {
                layer.View(frame, layout.Body, context);
            }
        }
        else
        {
            DrawTooSmall(frame, context);
        }

        return context.Caps.Glyphs == Glyphs.Ascii ? frame.ToAscii() : frame;
    }

    /// <summary>A screen that cannot be drawn, and why.</summary>
    public static Frame OfError(Size size, string problem)
    {
        var frame = new Frame(size);
        frame.PutLine(frame.Area, 0, $"a bug: this screen cannot be drawn: {problem}", Style.Bad);
        frame.PutLine(frame.Area, 1, "Esc: the screen before   q: quit", Style.Muted);
        return frame;
    }

    private static void DrawTooSmall(Frame frame, Context context)
    {
        var running = context.Data.Runs.Count(run => run.Status == RunStatus.Running);
        frame.PutLine(
            frame.Area,
            0,
            $"needs {DashboardLayout.Least}, has {context.Size}; {running} running; q quits");
    }

    private static void DrawHeader(Frame frame, Rect area, Model model)
    {
        var column = frame.Put(area, 0, 0, " SynthSae ", new Style(Colour.Accent, Bold: true));
        var counts = Counts(model.Context);
        var room = area.Width - column;
        var tabs = model.Screens.Values
            .Select(screen => (screen, Text: $" {(int)screen.Id + 1} {screen.Title} "))
            .ToList();
        if (tabs.Sum(tab => Measure.Width(tab.Text)) > room)
        {
            tabs = [.. tabs.Select(tab => (tab.screen, tab.screen.Id == model.Active
                ? tab.Text
                : $" {(int)tab.screen.Id + 1} "))];
        }

        foreach (var (screen, text) in tabs)
        {
            var active = screen.Id == model.Active;
            var style = active ? new Style(Bold: true, Reverse: true) : Style.Muted;
            column = frame.Put(area, column, 0, text, style);
        }

        if (area.Width - column >= Measure.Width(counts) + 2)
        {
            frame.Put(area, area.Width - Measure.Width(counts) - 1, 0, counts, Style.Muted);
        }
    }

    private static string Counts(Context context)
    {
        int Number(RunStatus status) => context.Data.Runs.Count(run => run.Status == status);
        var (running, queued) = (Number(RunStatus.Running), Number(RunStatus.Queued));
        var words = queued > 0 ? $"{running} running, {queued} queued" : $"{running} running";
        return context.ReadOnly ? words + ", read-only" : words;
    }
}
