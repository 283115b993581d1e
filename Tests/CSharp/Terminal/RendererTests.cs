using FsCheck;
using FsCheck.Fluent;
using SynthSae.Terminal;
using Xunit;

namespace SynthSae.Tests.Terminal;

public sealed class RendererTests
{
    private static readonly Style[] Looks =
    [
        Style.Plain, Style.Plain, Style.Muted, Style.Accent, new(Reverse: true), Style.Bad,
        new(Colour.Heat3, Colour.Cold2, Dim: true, Underline: true),
    ];

    private static Gen<Frame> Frames(Size size) =>
        from writes in Gen.ListOf(
            from column in Gen.Choose(-2, size.Columns)
            from row in Gen.Choose(0, size.Rows)
            from text in Gen.Elements("x", "some words", "漢字", "é e\u0301", "⣿⣀", "      ", "👩\u200d🔬!")
            from look in Gen.Elements(Looks)
            select (column, row, text, look))
        select Drawn(size, writes);

    [Fact]
    public void Whatever_was_shown_before_the_terminal_shows_the_last_frame()
    {
        var cases =
            from columns in Gen.Choose(1, 30)
            from rows in Gen.Choose(1, 6)
            from depth in Gen.Elements(ColourDepth.None, ColourDepth.Ansi16, ColourDepth.Ansi256, ColourDepth.True)
            from frames in Gen.ListOf(Frames(new Size(columns, rows)))
            select (size: new Size(columns, rows), depth, frames);
        Prop.ForAll(cases.ToArbitrary(), one =>
        {
            var renderer = new Renderer(new Caps(one.depth, Glyphs.Braille));
            var screen = new VirtualScreen(one.size);
            screen.Write(renderer.Enter());
            foreach (var frame in one.frames)
            {
                screen.Write(renderer.Draw(frame));
                Assert.Equal(frame.Lines(), screen.Lines());
                AssertLooks(frame, screen, one.depth);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
    }

    [Fact]
    public void An_equal_frame_is_no_byte()
    {
        var renderer = new Renderer(Caps.Full with { SyncOutput = true });
        Assert.NotEmpty(renderer.Draw(Words("one")));
        Assert.Empty(renderer.Draw(Words("one")));
        Assert.NotEmpty(renderer.Draw(Words("two")));
        Assert.Empty(renderer.Draw(Words("two")));
    }

    [Fact]
    public void A_digit_that_changes_is_a_few_bytes()
    {
        var renderer = new Renderer(Caps.Full);
        renderer.Draw(Words("step 1000 of 2000"));
        Assert.InRange(renderer.Draw(Words("step 1001 of 2000")).Length, 1, 16);
    }

    [Fact]
    public void What_was_taken_over_is_given_back()
    {
        foreach (var mouse in new[] { false, true })
        {
            var screen = new VirtualScreen(new Size(10, 2));
            screen.Modes.UnionWith(["?25", "?7"]);
            var renderer = new Renderer(Caps.Full with { Mouse = mouse, SyncOutput = true });
            screen.Write(renderer.Enter());
            Assert.Contains("?1049", screen.Modes);
            Assert.DoesNotContain("?25", screen.Modes);
            Assert.Equal(mouse, screen.Modes.Contains("?1000"));
            screen.Write(renderer.Draw(Words("x")));
            screen.Write(Renderer.Leave);
            Assert.Equal(["?25", "?7"], screen.Modes.Order());
        }
    }

    [Fact]
    public void A_frame_of_another_size_is_drawn_as_a_whole()
    {
        var renderer = new Renderer(Caps.Full);
        renderer.Draw(Words("one"));
        var screen = new VirtualScreen(new Size(8, 2));
        screen.Write("rubbish");
        var frame = new Frame(new Size(8, 2));
        frame.Put(frame.Area, 0, 1, "two");
        screen.Write(renderer.Draw(frame));
        Assert.Equal(["", "two"], screen.Lines());
    }

    [Theory]
    [InlineData("None", "0;1")]
    [InlineData("Ansi16", "0;1;96")]
    [InlineData("Ansi256", "0;1;38;5;117")]
    [InlineData("True", "0;1;38;2;124;196;240")]
    public void Colours_are_as_deep_as_the_terminal_has_them(string depth, string look)
    {
        var screen = new VirtualScreen(new Size(40, 1));
        screen.Write(new Renderer(new Caps(Enum.Parse<ColourDepth>(depth), Glyphs.Ascii)).Draw(Words("x", Style.Accent)));
        Assert.Equal(look, screen.Look(0, 0));
    }

    [Fact]
    public void Every_colour_but_the_terminals_own_has_shades()
    {
        foreach (var colour in Enum.GetValues<Colour>())
        {
            Assert.Equal(colour == Colour.Default, Palette.Of(colour, light: false) is null);
            Assert.Equal(colour == Colour.Default, Palette.Of(colour, light: true) is null);
        }
    }

    [Fact]
    public void Lines_of_a_chart_differ_at_every_depth()
    {
        foreach (var light in new[] { false, true })
        {
            var shades = Enumerable.Range(0, Colours.SeriesCount).Select(index => Palette.Of(Colours.Series(index), light)!.Value).ToList();
            Assert.Equal(shades.Count, shades.Select(shade => shade.Rgb).Distinct().Count());
            Assert.Equal(shades.Count, shades.Select(shade => shade.Of256).Distinct().Count());
            Assert.Equal(shades.Count, shades.Select(shade => shade.Of16).Distinct().Count());
        }
    }

    private static Frame Words(string text, Style style = default) => Drawn(new Size(40, 3), [(0, 0, text, style)]);

    private static Frame Drawn(Size size, IEnumerable<(int Column, int Row, string Text, Style Look)> writes)
    {
        var frame = new Frame(size);
        foreach (var (column, row, text, look) in writes)
        {
            frame.Put(frame.Area, column, row, text, look);
        }

        return frame;
    }

    // Cells of one style look the same, and of another style differently, unless colours are what differs.
    private static void AssertLooks(Frame frame, VirtualScreen screen, ColourDepth depth)
    {
        var looks = new Dictionary<Style, string>();
        for (var row = 0; row < frame.Size.Rows; row++)
        {
            for (var column = 0; column < frame.Size.Columns; column++)
            {
                var style = frame[column, row].Style;
                var look = screen.Look(column, row);
                Assert.Equal(looks.GetValueOrDefault(style, look), look);
                looks[style] = look;
            }
        }

        Assert.Equal("0", looks.GetValueOrDefault(Style.Plain, "0"));
        Assert.True(depth == ColourDepth.None || looks.Values.Distinct().Count() == looks.Count);
    }
}
