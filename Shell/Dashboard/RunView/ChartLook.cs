namespace SynthSae.Dashboard.RunView;

/// <summary>How charts are drawn; the same for all of a screen.</summary>
internal sealed record ChartLook
{
    private static readonly double[] Smoothings = [0, 0.6, 0.9, 0.98];

    /// <summary>Vertical axes are logarithmic.</summary>
    public bool Log { get; init; }

    /// <summary>Horizontal axes count samples, not steps.</summary>
    public bool BySamples { get; init; }

    /// <summary>How much of the average stays when a point comes: 0 for none.</summary>
    public double Smoothing { get; init; }

    /// <summary>Evaluations and checkpoints are marked.</summary>
    public bool Markers { get; init; } = true;

    /// <summary>
    /// Which part of the steps is seen: 0 the whole, 1 the last half, 2 the last quarter …
    /// </summary>
    public int Zoom { get; init; }

    /// <summary>The next stronger smoothing, or none after the strongest.</summary>
    public ChartLook Smoother() =>
        this with
        {
            Smoothing = Smoothings[
                (Array.IndexOf(Smoothings, Smoothing) + 1) % Smoothings.Length],
        };

    /// <summary>Nearer to the end, or farther away.</summary>
    public ChartLook Zoomed(int by) => this with { Zoom = Math.Clamp(Zoom + by, 0, 6) };

    /// <summary>
    /// In words: "log · smoothed 0.9 · last 1/4 · by samples"; empty if nothing is special.
    /// </summary>
    public string Words =>
        string.Join(" · ", new[]
        {
            Log ? "log" : "",
            Smoothing > 0 ? FormattableString.Invariant($"smoothed {Smoothing:0.##}") : "",
            Zoom > 0 ? $"last 1/{1 << Zoom}" : "",
            BySamples ? "by samples" : "",
        }.Where(word => word.Length > 0));
}
