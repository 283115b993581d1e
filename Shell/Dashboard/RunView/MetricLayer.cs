using System.Collections.Immutable;
using SynthSae.Terminal;
using SynthSae.Terminal.Tables;

namespace SynthSae.Dashboard.RunView;

/// <summary>Chooses the metrics of the charts.</summary>
/// <param name="There">All metrics.</param>
/// <param name="Chosen">Those that are shown, in their order.</param>
/// <param name="Purpose">Tells the screen that asked.</param>
internal sealed record MetricLayer(
    IReadOnlyList<string> There, ImmutableList<string> Chosen, string Purpose) : Layer
{
    /// <summary>Purpose of the choice for the charts of a run.</summary>
    public const string RunPurpose = "metrics of a run";

    private const int Width = 44;

    public override string Title => "Metrics";

    /// <summary>The row that keys act on.</summary>
    public int Selected { get; init; }

    /// <summary>Ask for the metrics of a run.</summary>
    public static Step Show(RunScreen screen, RunCurves curves) =>
        screen.With(new Effect.Show(
            new MetricLayer(curves.Metrics(), screen.Chosen(curves), RunPurpose)));

    public override IReadOnlyList<Binding> Keys(Context context) =>
    [
        new("j Down", "down", () => Move(1)),
        new("k Up", "up", () => Move(-1)),
        new("Space", "show it or not", Toggle) { Footer = "show" },
        new("a", "show all", () => this with { Chosen = [.. There] }),
        new(
            "u",
            "show none but this",
            () => this with { Chosen = [.. There.Skip(Selected).Take(1)] }),
        new("Enter Esc q v", "done", Done) { Footer = "done" },
    ];

    public override void View(Frame frame, Rect area, Context context)
    {
        var box = area.Centre(Math.Min(Width, area.Width), There.Count + 2);
        frame.Fill(box);
        var inside = frame.Box(box, Title, Style.Muted, Style.Accent);
        Table.Draw(
            frame,
            inside,
            [new("", Align.Left, 0, 3, 3), new("", Align.Left, 0, 10)],
            There.Count,
            at => [Place(There[at]), MetricTitles.Of(There[at])],
            new TableOptions
            {
                Selected = Selected,
                Headings = false,
                Empty = "nothing was measured yet",
            });
    }

    private string Place(string metric) =>
        Chosen.IndexOf(metric) is >= 0 and var at ? $"{at + 1,2}" : "";

    private MetricLayer Move(int by) =>
        this with { Selected = Math.Max(0, Table.Move(Selected, by, There.Count)) };

    private Step Toggle()
    {
        if (Selected >= There.Count)
        {
            return this;
        }

        var metric = There[Selected];
        return this with
        {
            Chosen = Chosen.Contains(metric) ? Chosen.Remove(metric) : Chosen.Add(metric),
        };
    }

    private Step Done() =>
        With(
            new Effect.Close(),
            new Effect.Post(new Msg.MetricsChosen(Purpose, Chosen)));
}
