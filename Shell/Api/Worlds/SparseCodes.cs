using SynthSae.Api;
using SynthSae.Compute;

namespace SynthSae;

/// <summary>
/// A sparse batch in CSR form: the true feature activations of samples, or the latent activations
/// of an SAE. Row b has the entries <c>RowStart[b]</c> to <c>RowStart[b + 1] − 1</c> of
/// <see cref="Index"/> and <see cref="Value"/>, by ascending index. Never changes; may be read from
/// several threads.
/// </summary>
public sealed class SparseCodes
{
    private readonly int[] _rowStart;
    private readonly int[] _index;
    private readonly float[] _value;

    /// <summary>Codes from arrays, which are copied.</summary>
    /// <param name="width">Number of columns of the dense form.</param>
    /// <param name="rowStart">
    /// (B+1): where each row starts, from 0, and last the number of entries.
    /// </param>
    /// <param name="index">Column of each entry, ascending within a row, in [0, width).</param>
    /// <param name="value">Value of each entry.</param>
    /// <exception cref="ArgumentException">The arrays do not fit each other.</exception>
    public SparseCodes(
        int width,
        ReadOnlySpan<int> rowStart,
        ReadOnlySpan<int> index,
        ReadOnlySpan<float> value)
        : this(rowStart.ToArray(), index.ToArray(), value.ToArray(), width) =>
        Check();

    private SparseCodes(int[] rowStart, int[] index, float[] value, int width) =>
        (Width, _rowStart, _index, _value) = (width, rowStart, index, value);

    /// <summary>Number of columns of the dense form: N of features, L of latents.</summary>
    public int Width { get; }

    /// <summary>B, the number of samples.</summary>
    public int Rows => _rowStart.Length - 1;

    /// <summary>Number of entries of all rows.</summary>
    public int Count => _index.Length;

    /// <summary>(B+1): where each row starts; the last is the number of entries.</summary>
    public ReadOnlySpan<int> RowStart => _rowStart;

    /// <summary>Column of each entry.</summary>
    public ReadOnlySpan<int> Index => _index;

    /// <summary>Value of each entry.</summary>
    public ReadOnlySpan<float> Value => _value;

    /// <summary>Mean number of active entries per sample; NaN without samples.</summary>
    public double L0 => (double)Count / Rows;

    /// <summary>Columns of the entries of one row.</summary>
    /// <param name="row">In [0, B).</param>
    public ReadOnlySpan<int> IndexOf(int row) =>
        _index.AsSpan(_rowStart[row].._rowStart[row + 1]);

    /// <summary>Values of the entries of one row.</summary>
    /// <param name="row">In [0, B).</param>
    public ReadOnlySpan<float> ValueOf(int row) =>
        _value.AsSpan(_rowStart[row].._rowStart[row + 1]);

    /// <summary>The dense form, row after row (B, Width), zeros included.</summary>
    public float[] ToDense()
    {
        var dense = new float[checked(Rows * Width)];
        for (var row = 0; row < Rows; row++)
        {
            for (var entry = _rowStart[row]; entry < _rowStart[row + 1]; entry++)
            {
                dense[(row * Width) + _index[entry]] = _value[entry];
            }
        }

        return dense;
    }

    /// <summary>The entries of a dense batch that are not 0.</summary>
    /// <param name="dense">Row after row (B, width).</param>
    /// <param name="width">Number of columns, at least 1.</param>
    public static SparseCodes FromDense(ReadOnlySpan<float> dense, int width)
    {
        var rows = Shapes.Rows(dense.Length, width, nameof(dense));
        List<int> index = [];
        List<float> value = [];
        var rowStart = new int[rows + 1];
        for (var place = 0; place < dense.Length; place++)
        {
            if (dense[place] != 0)
            {
                index.Add(place % width);
                value.Add(dense[place]);
                rowStart[(place / width) + 1]++;
            }
        }

        for (var row = 0; row < rows; row++)
        {
            rowStart[row + 1] += rowStart[row];
        }

        return new(rowStart, [.. index], [.. value], width);
    }

    // Takes the arrays as its own.
    internal static SparseCodes Own(int width, int[] rowStart, int[] index, float[] value) =>
        new(rowStart, index, value, width);

    internal void CopyTo(Codes codes, int first, int rows)
    {
        var from = _rowStart[first];
        codes.Reset(rows, _rowStart[first + rows] - from);
        for (var row = 0; row <= rows; row++)
        {
            codes.RowStart[row] = _rowStart[first + row] - from;
        }

        _index.AsSpan(from, codes.Count).CopyTo(codes.Index);
        _value.AsSpan(from, codes.Count).CopyTo(codes.Value);
    }

    private void Check()
    {
        if (_rowStart.Length == 0 || _rowStart[0] != 0 || _rowStart[^1] != _index.Length
            || _index.Length != _value.Length)
        {
            throw new ArgumentException(
                "rows must start at 0 and end with the number of indices and values");
        }

        for (var row = 0; row < Rows; row++)
        {
            var (from, to) = (_rowStart[row], _rowStart[row + 1]);
            if (from > to || to > _index.Length)
            {
                throw new ArgumentException($"row {row} ends before it starts");
            }

            for (var entry = from; entry < to; entry++)
            {
                var column = _index[entry];
                if (column < 0 || column >= Width || (entry > from && column <= _index[entry - 1]))
                {
                    throw new ArgumentException(
                        $"row {row}: indices must ascend within [0, {Width})");
                }
            }
        }
    }
}
