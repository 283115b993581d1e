using System.Text;
using FsCheck;
using FsCheck.Fluent;
using SynthSae.Terminal.Input;
using Xunit;

namespace SynthSae.Tests.Terminal;

public sealed class InputDecoderTests
{
    private static readonly (string Sent, string Keys)[] Known =
    [
        ("a", "a"), ("é", "é"), ("漢", "漢"), ("👍", "👍"), (" ", "Space"), ("\r", "Enter"), ("\n", "Enter"), ("\t", "Tab"),
        ("\x7f", "Backspace"), ("\x08", "Backspace"), ("\x03", "Ctrl-c"), ("\x1a", "Ctrl-z"), ("\x1c", "Ctrl-\\"),
        ("\e[A", "Up"), ("\eOB", "Down"), ("\e[1;5C", "Ctrl-Right"), ("\e[1;2D", "Shift-Left"), ("\e[1;3A", "Alt-Up"),
        ("\e[H", "Home"), ("\eOF", "End"), ("\e[1~", "Home"), ("\e[2~", "Insert"), ("\e[3~", "Delete"), ("\e[4~", "End"),
        ("\e[5~", "PgUp"), ("\e[6~", "PgDn"), ("\e[6;5~", "Ctrl-PgDn"), ("\e[7~", "Home"), ("\eOP", "F1"), ("\e[11~", "F1"),
        ("\e[15~", "F5"), ("\e[17~", "F6"), ("\e[24~", "F12"), ("\e[[A", "F1"), ("\e[[E", "F5"), ("\e[Z", "Shift-Tab"),
        ("\ex", "Alt-x"), ("\e\x7f", "Alt-Backspace"), ("\e[97;5u", "Ctrl-a"), ("\e[13u", "Enter"),
        ("\e[I", ""), ("\e[?1;2c", ""), ("\e[99~", ""), ("\e[1;1R", "F3"), ("\eO\x20", ""), ("\e[<0;1;1m", ""),
    ];

    [Fact]
    public void Every_known_sequence_is_its_key_however_it_is_cut()
    {
        var cases =
            from sent in Gen.Elements(Known).ListOf()
            from cuts in Gen.Choose(1, 5).ListOf(200)
            select (sent, cuts);
        Prop.ForAll(cases.ToArbitrary(), one =>
        {
            var bytes = Encoding.UTF8.GetBytes(string.Concat(one.sent.Select(key => key.Sent)));
            var decoder = new InputDecoder();
            var events = new List<InputEvent>();
            var at = 0;
            foreach (var cut in one.cuts.Append(bytes.Length))
            {
                var length = Math.Min(cut, bytes.Length - at);
                events.AddRange(decoder.Feed(bytes.AsSpan(at, length)));
                at += length;
            }

            Assert.Equal(string.Join(' ', one.sent.Select(key => key.Keys).Where(key => key != "")), Words(events));
            Assert.False(decoder.IsWaiting);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Any_bytes_can_be_sent_and_a_key_after_them_is_understood()
    {
        Prop.ForAll(ArbMap.Default.GeneratorFor<byte>().ArrayOf().ToArbitrary(), bytes =>
        {
            var decoder = new InputDecoder();
            decoder.Feed(bytes);
            decoder.Flush();
            decoder.Feed("\e[201~"u8);
            Assert.Equal("j", Words(decoder.Feed("j"u8)));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));
    }

    [Theory]
    [InlineData("\e", "Esc")]
    [InlineData("\e\e", "Esc Esc")]
    [InlineData("\e[", "Alt-[")]
    [InlineData("\eO", "Alt-O")]
    [InlineData("\e[1;", "")]
    [InlineData("a\e", "a Esc")]
    [InlineData("\e\e[A", "Esc Up")]
    public void An_escape_without_more_is_a_key(string sent, string keys)
    {
        var decoder = new InputDecoder();
        var events = decoder.Feed(Encoding.UTF8.GetBytes(sent)).ToList();
        events.AddRange(decoder.Flush());
        Assert.Equal(keys, Words(events));
        Assert.False(decoder.IsWaiting);
    }

    [Fact]
    public void Pasted_text_is_never_taken_for_keys()
    {
        var decoder = new InputDecoder();
        var events = decoder.Feed("a\e[200~q\r\e[31m漢"u8).ToList();
        Assert.Equal("a", Words(events));
        Assert.Empty(decoder.Flush());
        events = [.. decoder.Feed("字\e[201~q"u8)];
        Assert.Equal(new InputEvent.Pasted("q\r\e[31m漢字"), events[0]);
        Assert.Equal("q", Words(events[1..]));
    }

    [Fact]
    public void The_mouse_is_told_by_its_cell()
    {
        var decoder = new InputDecoder();
        var presses = decoder.Feed("\e[<0;10;3M\e[<0;10;3m\e[<64;1;1M\e[<65;300;100M"u8)
            .OfType<InputEvent.Moused>().Select(one => one.Press);
        Assert.Equal(
            [new(MouseAction.Click, 9, 2), new(MouseAction.WheelUp, 0, 0), new(MouseAction.WheelDown, 299, 99)], presses);
    }

    [Fact]
    public void Names_of_keys_are_read_as_they_are_written()
    {
        foreach (var name in Known.Select(one => one.Keys).Where(name => name is not ("" or "👍")))
        {
            Assert.Equal(name, $"{Key.Parse(name)}");
        }

        Assert.Equal("-", Key.Parse("-").Text);
        Assert.True(Key.Parse("Ctrl--").Ctrl);
        Assert.Throws<FormatException>(() => Key.Parse("Dwon"));
    }

    [Fact]
    public void A_key_that_is_sent_is_the_one_of_that_name()
    {
        foreach (var (sent, name) in Known.Where(one => one.Keys is not ("" or "👍")))
        {
            var pressed = new InputDecoder().Feed(Encoding.UTF8.GetBytes(sent)).Single();
            Assert.Equal(new InputEvent.Pressed(Key.Parse(name)), pressed);
        }
    }

    private static string Words(IEnumerable<InputEvent> events) =>
        string.Join(' ', events.OfType<InputEvent.Pressed>().Select(one => $"{one.Key}"));
}
