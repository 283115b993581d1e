using SynthSae.Compute;

namespace SynthSae.Api;

/// <summary>Gathers the codes of batches that come one after another.</summary>
internal sealed class CodesWriter(int width, int rows)
{
    private readonly int[] _rowStart = new int[rows + 1];
    private readonly List<int> _index = [];
    private readonly List<float> _value = [];
    private int _row;

    /// <summary>
    /// Append all rows of a batch; values are multiplied by their column's scale, if any.
    /// </summary>
    public void Add(Codes codes, float[]? scale = null)
    {
        _index.AddRange(codes.Index.AsSpan(0, codes.Count));
        var first = _value.Count;
        _value.AddRange(codes.Value.AsSpan(0, codes.Count));
        for (var entry = first; scale is { Length: > 0 } && entry < _value.Count; entry++)
        {
            _value[entry] *= scale[_index[entry]];
        }

        for (var row = 1; row <= codes.Rows; row++)
        {
            _rowStart[_row + row] = first + codes.RowStart[row];
        }

        _row += codes.Rows;
    }

    /// <summary>Everything that was added.</summary>
    public SparseCodes ToCodes() => SparseCodes.Own(width, _rowStart, [.. _index], [.. _value]);
}
