using SynthSae.Terminal;

namespace SynthSae.Dashboard;

/// <summary>A question before something that cannot be undone.</summary>
/// <param name="Question">In one line.</param>
/// <param name="Yes">What is done then.</param>
internal sealed record ConfirmLayer(string Question, IReadOnlyList<Effect> Yes) : Layer
{
    private const int Widest = 72;

    /// <summary>What else is to be known; several lines.</summary>
    public IReadOnlyList<string> Details { get; init; } = [];

    public override string Title => "Question";

    public override IReadOnlyList<Binding> Keys(Context context) =>
    [
        new("y Y", "yes", () => With([new Effect.Close(), .. Yes])) { Footer = "yes" },
        new("n N Esc q", "no", () => With(new Effect.Close())) { Footer = "no" },
    ];

    public override void View(Frame frame, Rect area, Context context)
    {
        var width = Math.Min(Widest, Math.Max(20, area.Width - 4));
        var lines = Details.SelectMany(line => Formatting.Wrap.Lines(line, width - 4)).ToList();
        var question = Formatting.Wrap.Lines(Question, width - 4).ToList();
        var box = area.Centre(width, lines.Count + question.Count + 4);
        frame.Fill(box);
        var inside = frame.Box(box, Title, Style.Warn, Style.Warn with { Bold = true })
            .Inset(1, 0);
        var (answer, rest) = inside.CutBottom(1);
        for (var row = 0; row < question.Count + lines.Count; row++)
        {
            var isQuestion = row < question.Count;
            frame.PutLine(
                rest.Row(row),
                0,
                isQuestion ? question[row] : lines[row - question.Count],
                isQuestion ? Style.Strong : Style.Plain);
        }

        frame.Put(
            answer,
            0,
            0,
            ("y", Style.Accent),
            (" yes   ", Style.Plain),
            ("n", Style.Accent),
            (" no", Style.Plain));
    }
}
