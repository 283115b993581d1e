using FsCheck;
using FsCheck.Fluent;
using SynthSae.Terminal;
using SynthSae.Terminal.Charts;
using Xunit;

namespace SynthSae.Tests.Terminal;

public sealed class HeatMapTests
{
    private static readonly Caps[] AllCaps =
    [
        Caps.Full, Caps.Least, new(ColourDepth.Ansi16, Glyphs.Blocks), new(ColourDepth.Ansi256, Glyphs.Ascii),
    ];

    [Fact]
    public void A_heat_map_of_any_size_stays_in_its_area_and_looks_at_every_value()
    {
        var cases =
            from size in Sizes.Gen
            from rows in Gen.Choose(0, 90)
            from columns in Gen.Choose(0, 90)
            from caps in Gen.Elements(AllCaps)
            select (size, rows, columns, caps);
        Prop.ForAll(cases.ToArbitrary(), one =>
        {
            var frame = new Frame(one.size);
            var seen = new HashSet<(int, int)>();
            var taken = HeatMap.Draw(frame, frame.Area, one.rows, one.columns, (row, column) =>
            {
                seen.Add((row, column));
                return (row - column) / 90.0;
            }, one.caps);
            Assert.True(frame.Area.Contains(taken));
            Assert.Equal(one.rows * one.columns, seen.Count);
            Assert.All(seen, at => Assert.True(at.Item1 < one.rows && at.Item2 < one.columns));
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("colours")]
    [InlineData("letters")]
    [InlineData("shades")]
    public void The_sign_is_told_from_the_shape_where_there_are_few_colours(string name)
    {
        var glyphs = name == "letters" ? Glyphs.Ascii : Glyphs.Blocks;
        var frame = new Frame(new Size(24, 9));
        var caps = new Caps(name == "colours" ? ColourDepth.True : ColourDepth.None, glyphs);
        HeatMap.Draw(frame, frame.Area.CutBottom(1).Others, 11, 11, (row, column) =>
            row == column ? 1 - (row / 5.0) : double.NaN, caps);
        HeatMap.DrawLegend(frame, frame.Area.CutBottom(1).Bottom, caps);
        Golden.Check($"heat-{name}", glyphs == Glyphs.Ascii ? frame.ToAscii() : frame);
    }

    [Theory]
    [InlineData(0.5, "Blocks", "████····")]
    [InlineData(0.3, "Blocks", "██▍·····")]
    [InlineData(1, "Braille", "████████")]
    [InlineData(0, "Blocks", "········")]
    [InlineData(double.NaN, "Blocks", "········")]
    [InlineData(7, "Blocks", "████████")]
    [InlineData(0.3, "Ascii", "##......")]
    public void A_bar_is_a_share_of_its_width(double share, string glyphs, string expected) =>
        Assert.Equal(expected, Bars.Text(share, 8, Enum.Parse<Glyphs>(glyphs)));

    [Fact]
    public void Bars_stay_in_their_area_at_any_size_and_always_have_the_width_they_were_given()
    {
        var cases =
            from size in Sizes.Gen
            from share in Gen.Choose(-10, 1010)
            from caps in Gen.Elements(AllCaps)
            select (size, share: share / 1000.0, caps);
        Prop.ForAll(cases.ToArbitrary(), one =>
        {
            Assert.Equal(one.size.Columns, Bars.Text(one.share, one.size.Columns, one.caps.Glyphs).Length);
            var frame = new Frame(one.size);
            Bars.Draw(frame, frame.Area, [
                new("depth 0", one.share, "0.5", Colour.Series1), new("深さ", double.NaN, "–", Colour.Series2),
                new("x", double.PositiveInfinity, "∞", Colour.Series3)], double.NaN, one.caps);
        }).QuickCheckThrowOnFailure();
    }
}
