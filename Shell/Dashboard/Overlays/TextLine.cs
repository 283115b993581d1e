using System.Globalization;
using SynthSae.Terminal;
using SynthSae.Terminal.Input;

namespace SynthSae.Dashboard;

/// <summary>A line of text that is being typed.</summary>
/// <param name="Text">As it is now.</param>
/// <param name="Caret">In front of which character, in UTF-16 units; at the end by default.</param>
internal sealed record TextLine(string Text, int Caret)
{
    public TextLine(string text)
        : this(text, text.Length)
    {
    }

    /// <summary>What a key makes of it; null if it is no key for text.</summary>
    public TextLine? Press(Key key) =>
        key switch
        {
            { IsText: true } => Insert(key.Text),
            { Code: KeyCode.Backspace, Alt: false, Ctrl: false } => Cut(Before(Caret), Caret),
            { Code: KeyCode.Delete } => Cut(Caret, After(Caret)),
            { Code: KeyCode.Left } => this with { Caret = Before(Caret) },
            { Code: KeyCode.Right } => this with { Caret = After(Caret) },
            { Code: KeyCode.Home } => this with { Caret = 0 },
            { Code: KeyCode.End } => this with { Caret = Text.Length },
            { Code: KeyCode.Backspace } => Cut(WordBefore(), Caret),
            { Ctrl: true, Text: "a" } => this with { Caret = 0 },
            { Ctrl: true, Text: "e" } => this with { Caret = Text.Length },
            { Ctrl: true, Text: "w" } => Cut(WordBefore(), Caret),
            { Ctrl: true, Text: "u" } => Cut(0, Caret),
            { Ctrl: true, Text: "k" } => Cut(Caret, Text.Length),
            _ => null,
        };

    /// <summary>Put text before the caret; line breaks and other controls become spaces.</summary>
    public TextLine Insert(string text)
    {
        var plain = string.Concat(text.Select(letter => char.IsControl(letter) ? ' ' : letter));
        return new TextLine(Text.Insert(Caret, plain), Caret + plain.Length);
    }

    /// <summary>Draw it into one row, about the caret.</summary>
    public void Draw(Frame frame, Rect area, bool focused = true, Style style = default)
    {
        if (area.IsEmpty)
        {
            return;
        }

        var before = Measure.Width(Text[..Caret]);
        var skip = Math.Max(0, before - area.Width + 1);
        frame.Put(area, -skip, 0, Text + " ", style);
        if (focused)
        {
            var at = area with { Left = area.Left + before - skip, Width = 1, Height = 1 };
            frame.Paint(at.Intersect(area), old => old with { Reverse = true });
        }
    }

    private TextLine Cut(int from, int to) => new(Text.Remove(from, to - from), from);

    private int Before(int place) =>
        StringInfo.ParseCombiningCharacters(Text).LastOrDefault(start => start < place);

    private int After(int place) =>
        StringInfo.ParseCombiningCharacters(Text)
            .Append(Text.Length)
            .FirstOrDefault(start => start > place, Text.Length);

    private int WordBefore()
    {
        var end = Text[..Caret].TrimEnd().Length;
        return end == 0 ? 0 : Text.LastIndexOf(' ', end - 1) + 1;
    }
}
