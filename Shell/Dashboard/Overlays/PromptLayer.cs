using SynthSae.Terminal;
using SynthSae.Terminal.Input;

namespace SynthSae.Dashboard;

/// <summary>
/// A text that is asked for, in the line of messages. The screen hears of every change
/// (<see cref="Msg.Typed"/>) and of the end (<see cref="Msg.Entered"/>).
/// </summary>
/// <param name="Purpose">Tells the screen which of its texts it is.</param>
/// <param name="Label">Before the text: "/" or "note: ".</param>
/// <param name="Line">The text.</param>
internal sealed record PromptLayer(string Purpose, string Label, TextLine Line) : Layer
{
    public PromptLayer(string purpose, string label, string text)
        : this(purpose, label, new TextLine(text))
    {
    }

    public override string Title => "Text";

    public override bool TakesText => true;

    public override IReadOnlyList<Binding> Keys(Context context) =>
    [
        new("Enter", "enter the text", () => End(Line.Text)) { Footer = "enter" },
        new("Esc", "leave it as it was", () => End(null)) { Footer = "cancel" },
        new("Ctrl-u", "delete what is before the caret", () => Press("Ctrl-u"))
        {
            Footer = "clear",
        },
        new("Ctrl-w", "delete a word", () => Press("Ctrl-w")),
    ];

    public override Step Update(Msg message, Context context) =>
        message switch
        {
            Msg.Pressed { Key: var key } when Line.Press(key) is { } line => Change(line),
            Msg.Pasted { Text: var text } => Change(Line.Insert(text)),
            _ => this,
        };

    public override void View(Frame frame, Rect area, Context context)
    {
        var row = DashboardLayout.Of(context).Status;
        frame.Fill(row);
        var column = frame.Put(row, 0, 0, Label, Style.Accent);
        Line.Draw(frame, row.CutLeft(column).Others);
    }

    private Step Press(string key) => Line.Press(Key.Parse(key)) is { } line ? Change(line) : this;

    private Step Change(TextLine line) =>
        (this with { Line = line }).With(new Effect.Post(new Msg.Typed(Purpose, line.Text)));

    private Step End(string? text) =>
        With(new Effect.Close(), new Effect.Post(new Msg.Entered(Purpose, text)));
}
