using SynthSae.Compute;

namespace SynthSae.Data;

/// <summary>The rows of a matrix (n, D) as samples.</summary>
/// <param name="rows">The matrix.</param>
internal sealed class MatrixBatches(Matrix rows) : IBatches
{
    /// <inheritdoc/>
    public int Dim => rows.Cols;

    /// <inheritdoc/>
    public void Fill(long first, Matrix x) =>
        rows.Span.Slice((int)first * rows.Cols, x.Length).CopyTo(x.Span);
}
