using System.Diagnostics;
using FsCheck;
using FsCheck.Fluent;
using SynthSae.Terminal;
using SynthSae.Terminal.Charts;
using Xunit;

namespace SynthSae.Tests.Terminal;

public sealed class ChartTests
{
    private static readonly double[] Odd =
    [
        double.NaN, double.PositiveInfinity, double.NegativeInfinity, 0, -0.0, double.MaxValue,
        double.MinValue, double.Epsilon, 1e-300, -1e300, 1, 2, -3.5, 1e6,
    ];

    private static Gen<ChartSeries> AnySeries =>
        from count in Gen.Choose(0, 40)
        from xs in Gen.OneOf(Gen.Elements(Odd), Gen.Choose(0, 1000).Select(x => (double)x)).ArrayOf(count)
        from ys in Gen.OneOf(Gen.Elements(Odd), Gen.Choose(-50, 50).Select(y => y / 7.0)).ArrayOf(count)
        from errors in Gen.Elements(Odd).ArrayOf(count)
        from joined in Gen.Elements(true, false)
        from mark in Gen.Elements<char?>(null, 'o')
        select new ChartSeries("name", xs, ys, Colour.Series1) { Error = errors, Joined = joined, Mark = mark };

    private static Gen<ChartOptions> AnyOptions =>
        from logX in Gen.Elements(true, false)
        from logY in Gen.Elements(true, false)
        from smoothing in Gen.Elements(0, 0.6, 0.99, 1, 7)
        from range in Gen.Elements<(double, double)?>(null, (0, 1), (5, 5), (9, 2), (double.NaN, 3), (-1, double.NaN))
        from markers in Gen.Elements(Odd).ArrayOf(3)
        select new ChartOptions
        {
            Title = "Loss",
            XLabel = "steps",
            LogX = logX,
            LogY = logY,
            Smoothing = smoothing,
            XRange = range,
            YRange = range,
            Markers = [.. markers.Select(x => new ChartMarker(x, 'E'))],
        };

    [Fact]
    public void A_chart_of_anything_at_any_size_stays_in_its_area()
    {
        var cases =
            from size in Sizes.Gen
            from series in AnySeries.ListOf(3)
            from options in AnyOptions
            from glyphs in Gen.Elements(Glyphs.Ascii, Glyphs.Blocks, Glyphs.Braille)
            from inset in Gen.Choose(0, 5)
            select (size, series, options, glyphs, inset);
        Prop.ForAll(cases.ToArbitrary(), one =>
        {
            var frame = new Frame(one.size);
            var area = frame.Area.Inset(one.inset);
            Chart.Draw(frame, area, [.. one.series], one.options, Caps.Full with { Glyphs = one.glyphs });
            for (var y = 0; y < one.size.Rows; y++)
            {
                for (var x = 0; x < one.size.Columns; x++)
                {
                    Assert.True(area.Contains(x, y) || frame[x, y] == Cell.Blank);
                }
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(400));
    }

    [Theory]
    [InlineData("ascii")]
    [InlineData("blocks")]
    [InlineData("braille")]
    public void A_line_is_drawn_through_its_points(string glyphs)
    {
        var frame = Draw(new Size(40, 10), Enum.Parse<Glyphs>(glyphs, true), new ChartOptions { Title = "Loss", XLabel = "steps" },
            Line("a", 0, 1, 2, 3, 4, 3, 2, 1, 0));
        Golden.Check($"chart-{glyphs}", frame);
    }

    [Fact]
    public void Several_lines_are_told_apart_by_numbers_and_a_legend()
    {
        var frame = Draw(new Size(60, 12), Glyphs.Braille,
            new ChartOptions { Title = "R²", XLabel = "samples", Markers = [new(3e5, 'E'), new(7e5, 'C')] },
            Wave("batchtopk K=20", 0), Wave("jumprelu", 1), Wave("漢 matryoshka", 2));
        Golden.Check("chart-several", frame);
    }

    [Fact]
    public void Means_have_error_bars_and_marks()
    {
        double[] x = [5, 10, 20, 40, 80];
        var frame = Draw(new Size(60, 14), Glyphs.Braille,
            new ChartOptions { Title = "MCC", XLabel = "L0", LogX = true },
            new ChartSeries("relu", x, new[] { 0.3, 0.5, 0.62, 0.6, 0.4 }, Colour.Series1)
            {
                Mark = 'o',
                Error = new[] { 0.05, 0.02, double.NaN, 0.1, 0.04 },
            },
            new ChartSeries("topk", x, new[] { 0.5, 0.7, 0.8, double.NaN, 0.6 }, Colour.Series2) { Mark = 'x' });
        Golden.Check("chart-errors", frame);
    }

    [Fact]
    public void A_logarithmic_axis_leaves_out_what_is_not_positive()
    {
        var frame = Draw(new Size(40, 10), Glyphs.Ascii, new ChartOptions { LogY = true },
            Line("loss", 1000, 100, 0, 10, -5, 1, 0.1));
        var rows = frame.Lines();
        Assert.Contains(rows, row => row.StartsWith(" 1000+", StringComparison.Ordinal) || row.Contains("100"));
        Assert.DoesNotContain("-", string.Concat(rows.Take(8)));
    }

    [Fact]
    public void A_gap_in_the_values_is_a_gap_in_the_line()
    {
        var frame = Draw(new Size(30, 8), Glyphs.Ascii, new ChartOptions { Legend = false },
            Line("a", 1, 1, 1, double.NaN, double.NaN, 1, 1, 1));
        var line = frame.Lines().Single(row => row.Contains('*'));
        Assert.Matches(@"\*+ +\*+", line[line.IndexOf('*')..]);
    }

    [Fact]
    public void One_point_and_a_constant_stand_in_the_middle()
    {
        foreach (var series in new[] { Line("a", 5), Line("a", 5, 5, 5) })
        {
            var rows = Draw(new Size(30, 9), Glyphs.Ascii, new ChartOptions(), series).Lines();
            Assert.Contains('*', rows[3]);
            Assert.Contains("5", rows[3]);
        }
    }

    [Fact]
    public void Nothing_to_show_is_said()
    {
        var options = new ChartOptions { Empty = "waiting for the first step" };
        Assert.Contains(
            "waiting for the first step",
            Draw(new Size(40, 9), Glyphs.Braille, options, Line("a", double.NaN)).ToString());
    }

    [Fact]
    public void A_hundred_thousand_points_are_drawn_in_milliseconds()
    {
        var x = Enumerable.Range(0, 100_000).Select(index => (double)index).ToArray();
        var series = new ChartSeries("a", x, x.Select(Math.Sin).ToArray(), Colour.Series1);
        var options = new ChartOptions { Smoothing = 0.5 };
        Draw(new Size(120, 40), Glyphs.Braille, options, series);
        var best = Enumerable.Range(0, 5).Min(_ =>
        {
            var clock = Stopwatch.StartNew();
            Draw(new Size(120, 40), Glyphs.Braille, options, series);
            return clock.Elapsed;
        });
        Assert.True(best < TimeSpan.FromMilliseconds(100), $"took {best}");
    }

    [Fact]
    public void Every_spike_is_seen_however_many_points_there_are()
    {
        var x = Enumerable.Range(0, 50_000).Select(index => (double)index).ToArray();
        var y = new double[x.Length];
        y[31_415] = 1;
        var rows = Draw(new Size(50, 12), Glyphs.Ascii, new ChartOptions(), new ChartSeries("a", x, y, Colour.Series1))
            .Lines();
        Assert.True(rows.Count(row => row.Contains('*')) >= 9, string.Join('\n', rows));
    }

    [Fact]
    public void Smoothing_is_an_unbiased_moving_average()
    {
        Assert.All(Ema.Of(new double[] { 3, 3, 3 }, 0.9).ToArray(), value => Assert.Equal(3, value, 1e-12));
        var smooth = Ema.Of(new[] { 0.0, double.NaN, 1.0 }, 0.5).ToArray();
        Assert.Equal([0, double.NaN, 0.5 / 0.75], smooth);
    }

    private static ChartSeries Line(string name, params double[] y) =>
        new(name, Enumerable.Range(0, y.Length).Select(x => (double)x).ToArray(), y, Colour.Series1);

    private static ChartSeries Wave(string name, int index)
    {
        var x = Enumerable.Range(0, 200).Select(at => at * 5000.0).ToArray();
        return new ChartSeries(
            name, x, x.Select(at => Math.Tanh(at / 2e5) - (index * 0.2)).ToArray(), Colours.Series(index));
    }

    private static Frame Draw(Size size, Glyphs glyphs, ChartOptions options, params ChartSeries[] series)
    {
        var frame = new Frame(size);
        Chart.Draw(frame, frame.Area, series, options, Caps.Full with { Glyphs = glyphs });
        return glyphs == Glyphs.Ascii ? frame.ToAscii() : frame;
    }
}
