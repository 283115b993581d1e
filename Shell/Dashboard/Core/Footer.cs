using SynthSae.Terminal;

namespace SynthSae.Dashboard;

/// <summary>The lowest lines: what was said, and the keys that work now.</summary>
internal static class Footer
{
    private const int Gap = 2;

    public static void Draw(Frame frame, DashboardLayout layout, Model model)
    {
        if (layout.Status != layout.Footer || model.Notice is null)
        {
            DrawKeys(frame, layout.Footer, model);
        }

        if (model.Notice is { } notice)
        {
            frame.PutLine(
                layout.Status, 0, " " + Sign(notice.Tone) + notice.Text, Look(notice.Tone));
        }
    }

    // Colour alone would not tell an error from a word.
    private static string Sign(Tone tone) =>
        tone switch
        {
            Tone.Bad => "error: ",
            Tone.Good => "✓ ",
            _ => "",
        };

    private static Style Look(Tone tone) =>
        tone switch
        {
            Tone.Good => Style.Good,
            Tone.Warn => Style.Warn,
            Tone.Bad => Style.Bad,
            _ => Style.Plain,
        };

    // Help and quit always have a place, the others as far as there is room.
    private static void DrawKeys(Frame frame, Rect area, Model model)
    {
        var last = model.Top is Screen
            ? EveryScreen.Keys(model).Where(binding => binding.Footer is not null).ToList()
            : [];
        var room = area.Width - last.Sum(Width);
        var column = 1;
        foreach (var binding in KeyTable.Footer(model)
            .Where(binding => column + Width(binding) <= room))
        {
            column = Put(frame, area, column, binding);
        }

        foreach (var binding in last)
        {
            column = Put(frame, area, column, binding);
        }
    }

    private static int Put(Frame frame, Rect area, int column, Binding binding) =>
        frame.Put(
            area,
            column,
            0,
            ($"{binding.Keys[0]}", Style.Accent),
            ($" {binding.Footer}{new string(' ', Gap)}", Style.Muted));

    private static int Width(Binding binding) =>
        Measure.Width($"{binding.Keys[0]} {binding.Footer}") + Gap;
}
