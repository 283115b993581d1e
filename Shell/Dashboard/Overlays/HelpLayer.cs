using SynthSae.Terminal;
using SynthSae.Terminal.Tables;

namespace SynthSae.Dashboard;

/// <summary>The keys that can be used, from the key table.</summary>
internal sealed record HelpLayer(IReadOnlyList<KeySection> Sections) : Layer
{
    private const int Margin = 2;
    private const int Page = 10;

    /// <summary>Lines that were scrolled over.</summary>
    public int First { get; init; }

    public override string Title => "Help";

    /// <summary>The keys of what is seen now.</summary>
    public static HelpLayer Of(Model model) => new(KeyHelp.Here(model));

    public override IReadOnlyList<Binding> Keys(Context context) =>
    [
        new("Esc q ? F1 h Enter", "close", () => With(new Effect.Close())) { Footer = "close" },
        new("j Down", "scroll down", () => Scroll(1, context)) { Footer = "scroll" },
        new("k Up", "scroll up", () => Scroll(-1, context)),
        new("PgDn Space", "a page down", () => Scroll(Page, context)),
        new("PgUp", "a page up", () => Scroll(-Page, context)),
        new("g Home", "to the top", () => this with { First = 0 }),
        new("G End", "to the end", () => Scroll(int.MaxValue / 2, context)),
    ];

    public override void View(Frame frame, Rect area, Context context)
    {
        var lines = Lines(area.Width - (2 * Margin) - 2);
        var width = lines.Max(line => line.Keys.Length + Measure.Width(line.Text));
        var box = area.Centre(Math.Max(width + (2 * Margin) + 2, 30), lines.Count + 2);
        frame.Fill(box);
        var inside = frame.Box(box, Title, Style.Muted, Style.Accent);
        var (bar, text) = inside.CutRight(1);
        var first = Math.Clamp(First, 0, Math.Max(0, lines.Count - inside.Height));
        for (var row = 0; row < inside.Height && first + row < lines.Count; row++)
        {
            var line = lines[first + row];
            frame.Put(text, Margin - 1, row, (line.Keys, Style.Strong), (line.Text, line.Look));
        }

        Scrollbar.Draw(frame, bar, first, lines.Count);
    }

    private HelpLayer Scroll(int by, Context context)
    {
        var body = DashboardLayout.Of(context).Body;
        var last = Lines(body.Width - (2 * Margin) - 2).Count - Math.Max(1, body.Height - 2);
        return this with { First = Math.Clamp(First + by, 0, Math.Max(0, last)) };
    }

    private List<(string Keys, string Text, Style Look)> Lines(int width)
    {
        var lines = new List<(string, string, Style)>();
        var keyWidth = Sections.SelectMany(section => section.Keys)
            .Select(binding => Measure.Width(binding.Shown))
            .DefaultIfEmpty()
            .Max();
        foreach (var section in Sections)
        {
            if (lines.Count > 0)
            {
                lines.Add(("", "", Style.Plain));
            }

            lines.Add(("", section.Title, Style.Accent));
            foreach (var binding in section.Keys)
            {
                Add(lines, binding, keyWidth, Math.Max(1, width - keyWidth - 2));
            }
        }

        return lines.Count > 0 ? lines : [("", "", Style.Plain)];
    }

    // A key that cannot be used now says why in a line of its own.
    private static void Add(
        List<(string, string, Style)> lines, Binding binding, int keyWidth, int width)
    {
        var keys = Measure.Fit(binding.Shown, keyWidth) + "  ";
        foreach (var line in Formatting.Wrap.Lines(binding.Help, width))
        {
            lines.Add((keys, line, Style.Plain));
            keys = new string(' ', keyWidth + 2);
        }

        foreach (var line in Formatting.Wrap.Lines(
            binding.Unless is { } why ? $"not now: {why}" : "", width))
        {
            if (line.Length > 0)
            {
                lines.Add((keys, line, Style.Muted));
            }
        }
    }
}
