namespace SynthSae.Terminal.Charts;

/// <summary>The least and the greatest of some values.</summary>
internal readonly record struct Extent(double Least, double Greatest)
{
    /// <summary>Of no values.</summary>
    public static Extent None { get; } =
        new(double.PositiveInfinity, double.NegativeInfinity);

    /// <summary>Those of a series' points that can be shown, with others.</summary>
    public static (Extent X, Extent Y) Of(
        ChartSeries series, ChartOptions options, Extent x, Extent y)
    {
        var xs = series.X.Span;
        var ys = series.Y.Span;
        var errors = series.Error.Span;
        var (from, to) = options.XRange ?? (double.NaN, double.NaN);
        for (var index = 0; index < Math.Min(xs.Length, ys.Length); index++)
        {
            var (vx, vy) = (xs[index], ys[index]);
            // The vertical axis is made for what is seen.
            if (!IsShown(vx, options.LogX) || !IsShown(vy, options.LogY) || vx < from || vx > to)
            {
                continue;
            }

            x = x.With(vx);
            y = y.With(vy);
            if (index < errors.Length && double.IsFinite(errors[index]))
            {
                y = y.With(vy + errors[index]);
                y = IsShown(vy - errors[index], options.LogY) ? y.With(vy - errors[index]) : y;
            }
        }

        return (x, y);
    }

    private Extent With(double value) => new(Math.Min(Least, value), Math.Max(Greatest, value));

    private static bool IsShown(double value, bool log) =>
        double.IsFinite(value) && (!log || value > 0);
}
