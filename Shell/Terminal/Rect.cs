namespace SynthSae.Terminal;

/// <summary>
/// A rectangle of cells. Cutting one up never goes beyond it: what does not fit is empty.
/// </summary>
internal readonly record struct Rect(int Left, int Top, int Width, int Height)
{
    /// <summary>The whole of a screen.</summary>
    public static Rect Of(Size size) => new(0, 0, size.Columns, size.Rows);

    /// <summary>The first column to the right of it.</summary>
    public int Right => Left + Width;

    /// <summary>The first row below it.</summary>
    public int Bottom => Top + Height;

    public bool IsEmpty => Width <= 0 || Height <= 0;

    public Size Size => new(Math.Max(0, Width), Math.Max(0, Height));

    public bool Contains(int column, int row) =>
        column >= Left && column < Right && row >= Top && row < Bottom;

    /// <summary>True if <paramref name="inner"/> lies within; an empty one lies anywhere.</summary>
    public bool Contains(Rect inner) =>
        inner.IsEmpty
        || (inner.Left >= Left
            && inner.Right <= Right
            && inner.Top >= Top
            && inner.Bottom <= Bottom);

    /// <summary>The cells that both have.</summary>
    public Rect Intersect(Rect other)
    {
        var (left, top) = (Math.Max(Left, other.Left), Math.Max(Top, other.Top));
        var (right, bottom) = (Math.Min(Right, other.Right), Math.Min(Bottom, other.Bottom));
        return new Rect(left, top, Math.Max(0, right - left), Math.Max(0, bottom - top));
    }

    /// <summary>Without a margin on each side.</summary>
    public Rect Inset(int horizontal, int vertical) =>
        new(
            Left + Math.Min(horizontal, Width / 2),
            Top + Math.Min(vertical, Height / 2),
            Math.Max(0, Width - (2 * horizontal)),
            Math.Max(0, Height - (2 * vertical)));

    /// <inheritdoc cref="Inset(int, int)"/>
    public Rect Inset(int margin) => Inset(margin, margin);

    /// <summary>
    /// The upper <paramref name="rows"/> rows, as far as there are, and the rest.
    /// </summary>
    public (Rect Top, Rect Others) CutTop(int rows)
    {
        var cut = Within(rows, Height);
        return (this with { Height = cut }, this with { Top = Top + cut, Height = Height - cut });
    }

    /// <summary>The lowest rows and the rest above them.</summary>
    public (Rect Bottom, Rect Others) CutBottom(int rows)
    {
        var cut = Within(rows, Height);
        return (new Rect(Left, Bottom - cut, Width, cut), this with { Height = Height - cut });
    }

    /// <summary>The leftmost columns and the rest.</summary>
    public (Rect Left, Rect Others) CutLeft(int columns)
    {
        var cut = Within(columns, Width);
        return (this with { Width = cut }, this with { Left = Left + cut, Width = Width - cut });
    }

    /// <summary>The rightmost columns and the rest.</summary>
    public (Rect Right, Rect Others) CutRight(int columns)
    {
        var cut = Within(columns, Width);
        return (new Rect(Right - cut, Top, cut, Height), this with { Width = Width - cut });
    }

    /// <summary>One row of it, counted from its top; empty outside.</summary>
    public Rect Row(int row) =>
        row < 0 || row >= Height ? this with { Height = 0 } : new Rect(Left, Top + row, Width, 1);

    /// <summary>One beside the other, of almost the same width.</summary>
    public IReadOnlyList<Rect> Columns(int count) => Shares(count, Width, (at, length, whole) =>
        whole with { Left = whole.Left + at, Width = length });

    /// <summary>One above the other, of almost the same height.</summary>
    public IReadOnlyList<Rect> Rows(int count) => Shares(count, Height, (at, length, whole) =>
        whole with { Top = whole.Top + at, Height = length });

    /// <summary>A rectangle of that size in the middle, or the whole where it is smaller.</summary>
    public Rect Centre(int width, int height)
    {
        var (w, h) = (Within(width, Width), Within(height, Height));
        return new Rect(Left + ((Width - w) / 2), Top + ((Height - h) / 2), w, h);
    }

    private Rect[] Shares(int count, int length, Func<int, int, Rect, Rect> part)
    {
        var shares = new Rect[Math.Max(0, count)];
        for (var index = 0; index < shares.Length; index++)
        {
            var from = (int)((long)length * index / count);
            var to = (int)((long)length * (index + 1) / count);
            shares[index] = part(from, to - from, this);
        }

        return shares;
    }

    private static int Within(int wanted, int there) => Math.Clamp(wanted, 0, Math.Max(0, there));
}
