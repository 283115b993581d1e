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
        var lines = Lines();
        var width = lines.Max(line => Measure.Width(line.Text)) + (2 * Margin) + 2;
        var box = area.Centre(Math.Max(width, 30), lines.Count + 2);
        frame.Fill(box);
        var inside = frame.Box(box, Title, Style.Muted, Style.Accent);
        var (bar, text) = inside.CutRight(1);
        var first = Math.Clamp(First, 0, Math.Max(0, lines.Count - inside.Height));
        for (var row = 0; row < inside.Height && first + row < lines.Count; row++)
        {
            var (line, isTitle, keys) = lines[first + row];
            frame.Put(text, Margin - 1, row, line, isTitle ? Style.Accent : Style.Plain);
            frame.Put(text, Margin - 1, row, line[..keys], isTitle ? Style.Accent : Style.Strong);
        }

        Scrollbar.Draw(frame, bar, first, lines.Count);
    }

    private HelpLayer Scroll(int by, Context context)
    {
        var seen = Math.Max(1, DashboardLayout.Of(context).Body.Height - 2);
        return this with { First = Math.Clamp(First + by, 0, Math.Max(0, Lines().Count - seen)) };
    }

    private List<(string Text, bool IsTitle, int Keys)> Lines()
    {
        var lines = new List<(string, bool, int)>();
        var width = Sections.SelectMany(section => section.Keys)
            .Select(binding => Measure.Width(binding.Shown))
            .DefaultIfEmpty()
            .Max();
        foreach (var section in Sections)
        {
            if (lines.Count > 0)
            {
                lines.Add(("", false, 0));
            }

            lines.Add((section.Title, true, 0));
            foreach (var binding in section.Keys)
            {
                var keys = Measure.Fit(binding.Shown, width);
                var reason = binding.Unless is { } why ? $" (not now: {why})" : "";
                lines.Add(($"{keys}  {binding.Help}{reason}", false, keys.Length));
            }
        }

        return lines.Count > 0 ? lines : [("", false, 0)];
    }
}
