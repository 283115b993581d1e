namespace SynthSae.Terminal.Charts;

/// <summary>How a chart is drawn.</summary>
internal sealed record ChartOptions
{
    /// <summary>Above the chart; empty for none.</summary>
    public string Title { get; init; } = "";

    /// <summary>What the horizontal axis counts: "steps", "samples", "L0".</summary>
    public string XLabel { get; init; } = "";

    /// <summary>The vertical axis is logarithmic; what is not positive is left out.</summary>
    public bool LogY { get; init; }

    /// <summary>The horizontal axis is logarithmic.</summary>
    public bool LogX { get; init; }

    /// <summary>
    /// From 0 (none) to below 1: how much of the average stays when a point comes.
    /// </summary>
    public double Smoothing { get; init; }

    /// <summary>What the axis shows; null, or NaN at an end: what the points take.</summary>
    public (double From, double To)? XRange { get; init; }

    /// <inheritdoc cref="XRange"/>
    public (double From, double To)? YRange { get; init; }

    /// <summary>Ticks on the horizontal axis, each with a letter.</summary>
    public IReadOnlyList<ChartMarker> Markers { get; init; } = [];

    /// <summary>Names of the lines, where there is room.</summary>
    public bool Legend { get; init; } = true;

    /// <summary>Said in the middle of a chart without points.</summary>
    public string Empty { get; init; } = "no data yet";
}
