namespace SynthSae.Api;

/// <summary>Sizes of spans that hold matrices row after row.</summary>
internal static class Shapes
{
    /// <summary>Samples that are worked on at a time.</summary>
    public const int Batch = 1024;

    /// <summary>Number of rows of a matrix.</summary>
    public static int Rows(int length, int columns, string name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        return length % columns == 0
            ? length / columns
            : throw new ArgumentException(
                $"{length} numbers are no whole rows of {columns}", name);
    }

    /// <summary>Check that a matrix has the size that is wanted.</summary>
    public static void Check(int length, long rows, int columns, string name)
    {
        if (length != rows * columns)
        {
            throw new ArgumentException(
                $"must have {rows} rows of {columns} numbers (got {length} in all)", name);
        }
    }
}
