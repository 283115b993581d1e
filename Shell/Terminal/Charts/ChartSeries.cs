namespace SynthSae.Terminal.Charts;

/// <summary>The points of one line, or of one cloud.</summary>
/// <param name="Name">As in the legend.</param>
/// <param name="X">In ascending order for a line; NaN: a gap.</param>
/// <param name="Y">As many as <paramref name="X"/>; NaN: a gap.</param>
/// <param name="Colour">Of line and legend.</param>
internal sealed record ChartSeries(
    string Name, ReadOnlyMemory<double> X, ReadOnlyMemory<double> Y, Colour Colour)
{
    /// <summary>Half lengths of the error bars; empty for none.</summary>
    public ReadOnlyMemory<double> Error { get; init; }

    /// <summary>True if its points are joined.</summary>
    public bool Joined { get; init; } = true;

    /// <summary>
    /// A letter at each point, and in the legend; null: dots, told apart by numbers.
    /// </summary>
    public char? Mark { get; init; }
}
