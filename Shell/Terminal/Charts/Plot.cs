namespace SynthSae.Terminal.Charts;

/// <summary>
/// Draws values onto dots. However many points there are, each column of dots is drawn once: from
/// the least to the greatest value that falls into it.
/// </summary>
internal sealed class Plot(DotCanvas canvas, Axis x, Axis y)
{
    /// <summary>Join points in their order; NaN, and what an axis cannot show, is a gap.</summary>
    public void Line(
        ReadOnlySpan<double> xs, ReadOnlySpan<double> ys, Colour colour, char letter)
    {
        var last = default(Column);
        for (var index = 0; index < Math.Min(xs.Length, ys.Length); index++)
        {
            var (px, py) = (AtX(xs[index]), AtY(ys[index]));
            if (double.IsNaN(px) || double.IsNaN(py))
            {
                Finish(last, colour, letter);
                last = default;
                continue;
            }

            var column = (int)Math.Round(px);
            if (last.Any && column == last.At)
            {
                last = last.With(py);
                continue;
            }

            Finish(last, colour, letter);
            if (last.Any)
            {
                Segment(last.X, last.Last, px, py, colour, letter);
            }

            last = new Column(true, column, px, py, py, py);
        }

        Finish(last, colour, letter);
    }

    /// <summary>A dot for each point.</summary>
    public void Cloud(
        ReadOnlySpan<double> xs, ReadOnlySpan<double> ys, Colour colour, char letter)
    {
        for (var index = 0; index < Math.Min(xs.Length, ys.Length); index++)
        {
            if (Dot(xs[index], ys[index]) is var (px, py))
            {
                canvas.Dot(px, py, colour, letter);
            }
        }
    }

    /// <summary>A vertical line from one value to another.</summary>
    public void Bar(double at, double from, double to, Colour colour, char letter)
    {
        var (px, low, high) = (AtX(at), AtY(from), AtY(to));
        if (y.Log && from <= 0)
        {
            low = canvas.Height; // down to where a logarithmic axis has no end
        }

        if (!double.IsNaN(px) && !double.IsNaN(low) && !double.IsNaN(high))
        {
            Segment(px, low, px, high, colour, letter);
        }
    }

    /// <summary>The dot of a point; null outside.</summary>
    public (int X, int Y)? Dot(double vx, double vy)
    {
        var (px, py) = (Math.Round(AtX(vx)), Math.Round(AtY(vy)));
        return px >= 0 && py >= 0 && px < canvas.Width && py < canvas.Height
            ? ((int)px, (int)py)
            : null;
    }

    // Far beyond the canvas is as good as at the edge of what integers can count.
    private double AtX(double value) =>
        Math.Clamp(x.Position(value) * (canvas.Width - 1), -1e6, 1e6);

    private double AtY(double value) =>
        Math.Clamp((1 - y.Position(value)) * (canvas.Height - 1), -1e6, 1e6);

    private void Finish(Column column, Colour colour, char letter)
    {
        if (column.Any)
        {
            Segment(column.At, column.Top, column.At, column.Bottom, colour, letter);
        }
    }

    // The part of a line that lies on the canvas (Liang and Barsky 1984).
    private void Segment(double x0, double y0, double x1, double y1, Colour colour, char letter)
    {
        var (from, to) = (0.0, 1.0);
        var (dx, dy) = (x1 - x0, y1 - y0);
        if (Clip(-dx, x0 + 0.49, ref from, ref to)
            && Clip(dx, canvas.Width - 0.51 - x0, ref from, ref to)
            && Clip(-dy, y0 + 0.49, ref from, ref to)
            && Clip(dy, canvas.Height - 0.51 - y0, ref from, ref to))
        {
            canvas.Line(
                (int)Math.Round(x0 + (from * dx)),
                (int)Math.Round(y0 + (from * dy)),
                (int)Math.Round(x0 + (to * dx)),
                (int)Math.Round(y0 + (to * dy)),
                colour,
                letter);
        }
    }

    private static bool Clip(double direction, double room, ref double from, ref double to)
    {
        if (direction == 0)
        {
            return room >= 0;
        }

        var share = room / direction;
        if (direction < 0)
        {
            from = Math.Max(from, share);
        }
        else
        {
            to = Math.Min(to, share);
        }

        return from <= to;
    }

    // What fell into one column of dots; Top and Bottom count from the top of the canvas.
    private readonly record struct Column(
        bool Any, int At, double X, double Top, double Bottom, double Last)
    {
        public Column With(double value) =>
            this with
            {
                Top = Math.Min(Top, value),
                Bottom = Math.Max(Bottom, value),
                Last = value,
            };
    }
}
