namespace SynthSae.Terminal.Charts;

/// <summary>
/// Dots within cells: 2×4 of braille, 2×2 of blocks, one of ASCII. Drawn first, then put into a
/// frame.
/// </summary>
internal sealed class DotCanvas
{
    private const string Quadrants = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█";
    private static readonly byte[] Braille = [0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80];

    private readonly Rect _area;
    private readonly Glyphs _glyphs;
    private readonly byte[] _dots;
    private readonly Colour[] _colours;
    private readonly char[] _letters;
    private readonly int _perColumn;
    private readonly int _perRow;

    public DotCanvas(Rect area, Glyphs glyphs)
    {
        _area = area with { Width = Math.Max(0, area.Width), Height = Math.Max(0, area.Height) };
        _glyphs = glyphs;
        (_perColumn, _perRow) = glyphs switch
        {
            Glyphs.Braille => (2, 4),
            Glyphs.Blocks => (2, 2),
            _ => (1, 1),
        };
        var cells = _area.Width * _area.Height;
        (_dots, _colours, _letters) = (new byte[cells], new Colour[cells], new char[cells]);
    }

    /// <summary>Dots from left to right.</summary>
    public int Width => _area.Width * _perColumn;

    /// <summary>Dots from top to bottom.</summary>
    public int Height => _area.Height * _perRow;

    /// <summary>Set a dot; outside: nothing.</summary>
    /// <param name="x">From the left.</param>
    /// <param name="y">From the top.</param>
    /// <param name="colour">Of the whole cell, from now on.</param>
    /// <param name="letter">What stands for it in ASCII.</param>
    public void Dot(int x, int y, Colour colour, char letter)
    {
        if (x < 0 || y < 0 || x >= Width || y >= Height)
        {
            return;
        }

        var cell = (y / _perRow * _area.Width) + (x / _perColumn);
        _dots[cell] |= Bit(x % _perColumn, y % _perRow);
        _colours[cell] = colour;
        _letters[cell] = letter;
    }

    /// <summary>A straight line between two dots that lie within.</summary>
    public void Line(int x0, int y0, int x1, int y1, Colour colour, char letter)
    {
        var steps = Math.Max(Math.Abs(x1 - x0), Math.Abs(y1 - y0));
        for (var step = 0; step <= steps; step++)
        {
            var share = steps == 0 ? 0 : (double)step / steps;
            var x = (int)Math.Round(x0 + ((x1 - x0) * share));
            var y = (int)Math.Round(y0 + ((y1 - y0) * share));
            Dot(x, y, colour, letter);
        }
    }

    /// <summary>
    /// Put all that was drawn into the frame; what is there stays between the dots.
    /// </summary>
    public void Show(Frame frame)
    {
        for (var cell = 0; cell < _dots.Length; cell++)
        {
            if (_dots[cell] != 0)
            {
                var (row, column) = Math.DivRem(cell, _area.Width);
                frame.Set(_area.Left + column, _area.Top + row, Glyph(cell), _colours[cell]);
            }
        }
    }

    private byte Bit(int x, int y) =>
        _glyphs switch
        {
            Glyphs.Braille => Braille[(y * 2) + x],
            Glyphs.Blocks => (byte)(1 << ((y * 2) + x)),
            _ => 1,
        };

    private char Glyph(int cell) =>
        _glyphs switch
        {
            Glyphs.Braille => (char)(0x2800 + _dots[cell]),
            Glyphs.Blocks => Quadrants[_dots[cell]],
            _ => _letters[cell],
        };
}
