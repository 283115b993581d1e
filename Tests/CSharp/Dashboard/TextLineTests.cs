using FsCheck;
using FsCheck.Fluent;
using SynthSae.Dashboard;
using SynthSae.Terminal;
using SynthSae.Terminal.Input;
using Xunit;

namespace SynthSae.Tests.Dashboard;

public sealed class TextLineTests
{
    [Theory]
    [InlineData("ab", "Left x", "axb")]
    [InlineData("ab", "Home x End y", "xaby")]
    [InlineData("ab", "Backspace", "a")]
    [InlineData("ab", "Home Backspace Delete", "b")]
    [InlineData("one two  ", "Ctrl-w", "one ")]
    [InlineData("one two", "Alt-Backspace x", "one x")]
    [InlineData("one two", "Left Left Ctrl-k", "one t")]
    [InlineData("one two", "Left Ctrl-u", "o")]
    [InlineData("ae\u0301", "Backspace", "a")]
    [InlineData("a漢", "Left Left Delete", "漢")]
    [InlineData("ab", "Ctrl-a x Ctrl-e y", "xaby")]
    public void Keys_edit_the_text(string text, string keys, string expected) =>
        Assert.Equal(expected, Press(text, keys).Text);

    [Fact]
    public void Keys_for_other_things_are_left_to_others()
    {
        Assert.Null(new TextLine("a").Press(Key.Parse("Tab")));
        Assert.Null(new TextLine("a").Press(Key.Parse("Up")));
        Assert.Null(new TextLine("a").Press(Key.Parse("Alt-x")));
    }

    [Fact]
    public void Pasted_lines_become_one() =>
        Assert.Equal("a b c", new TextLine("").Insert("a\nb\tc").Text);

    [Fact]
    public void The_caret_is_seen_in_a_field_of_any_width_whatever_is_typed()
    {
        string[] keys = ["a", "漢", "Space", "Left", "Right", "Home", "End", "Backspace", "Delete", "Ctrl-w", "Ctrl-u"];
        var cases =
            from typed in Gen.Elements(keys).ListOf()
            from width in Gen.Choose(0, 12)
            select (typed, width);
        Prop.ForAll(cases.ToArbitrary(), one =>
        {
            var line = Press("", string.Join(' ', one.typed));
            Assert.InRange(line.Caret, 0, line.Text.Length);
            var frame = new Frame(new Size(20, 1));
            line.Draw(frame, new Rect(3, 0, one.width, 1));
            var reversed = Enumerable.Range(0, 20).Where(column => frame[column, 0].Style.Reverse).ToList();
            Assert.Equal(one.width > 0 ? 1 : 0, reversed.Count);
            Assert.All(reversed, column => Assert.InRange(column, 3, 3 + one.width - 1));
        }).QuickCheckThrowOnFailure();
    }

    private static TextLine Press(string text, string keys) =>
        Key.ParseAll(keys).Aggregate(new TextLine(text), (line, key) => line.Press(key)!);
}
