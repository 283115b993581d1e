using FsCheck;
using FsCheck.Fluent;
using SynthSae.Terminal;
using Xunit;

namespace SynthSae.Tests.Terminal;

public sealed class FrameTests
{
    private static readonly string[] Texts =
        ["", "a", "plain text", "mañana", "e\u0301a\u0308", "漢字かな", "a漢b", "👍🏽ok", "x\ty\n\u001b[31m", "\ud800z"];

    [Fact]
    public void Drawing_never_fails_and_never_leaves_its_area()
    {
        var cases =
            from size in Sizes.Gen
            from left in Gen.Choose(-20, 320)
            from top in Gen.Choose(-20, 120)
            from width in Gen.Choose(-3, 320)
            from height in Gen.Choose(-3, 120)
            from column in Gen.Choose(-10, 330)
            from row in Gen.Choose(-5, 110)
            from text in Gen.Elements(Texts)
            select (size, area: new Rect(left, top, width, height), column, row, text);

        Prop.ForAll(cases.ToArbitrary(), one =>
        {
            var frame = new Frame(one.size);
            frame.Fill(one.area, 'x');
            frame.Box(one.area, one.text);
            frame.Put(one.area, one.column, one.row, one.text, Style.Strong);
            frame.Paint(one.area, style => style with { Reverse = true });
            for (var y = 0; y < one.size.Rows; y++)
            {
                for (var x = 0; x < one.size.Columns; x++)
                {
                    Assert.True(one.area.Contains(x, y) || frame[x, y] == Cell.Blank);
                    Assert.Equal(one.area.Contains(x, y), frame[x, y].Style.Reverse);
                }
            }
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Every_row_has_the_width_of_the_screen_whatever_is_written_over_what()
    {
        var writes = Gen.ListOf(
            from column in Gen.Choose(-3, 22)
            from row in Gen.Choose(0, 2)
            from text in Gen.Elements(Texts)
            select (column, row, text));
        Prop.ForAll(writes.ToArbitrary(), all =>
        {
            var frame = new Frame(new Size(20, 3));
            foreach (var (column, row, text) in all)
            {
                frame.Put(frame.Area, column, row, text);
            }

            for (var row = 0; row < 3; row++)
            {
                var cells = frame.Row(row).ToArray();
                Assert.Equal(20, cells.Sum(cell => Measure.Width(cell.Text)));
                for (var x = 0; x < 20; x++)
                {
                    Assert.Equal(Measure.Width(cells[x].Text) == 2, x < 19 && cells[x + 1].Text == "");
                }
            }
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Control_characters_are_shown_as_spaces()
    {
        var frame = new Frame(new Size(12, 1));
        frame.Put(frame.Area, 0, 0, "a\u001b[2J\u009bb\r\nc");
        Assert.Equal("a [2J b c", frame.ToString());
    }

    [Fact]
    public void Half_of_a_wide_letter_is_a_space()
    {
        var frame = new Frame(new Size(4, 2));
        frame.Put(frame.Area, 1, 0, "漢字");
        frame.Put(frame.Area, -1, 1, "漢字");
        Assert.Equal([" 漢", " 字"], frame.Lines());
        frame.Put(frame.Area, 2, 0, "x");
        Assert.Equal("  x", frame.Lines()[0]);
    }

    [Fact]
    public void In_ASCII_every_cell_keeps_its_place()
    {
        var frame = new Frame(new Size(16, 3));
        var inside = frame.Box(frame.Area, "R²");
        frame.Put(inside, 0, 0, "é漢…⣿x≤3");
        Assert.Equal(["+- R2 ---------+", "|e? ~?x<3      |", "+--------------+"], frame.ToAscii().Lines());
    }
}
