namespace SynthSae.Terminal.Charts;

/// <summary>Something that happened at a moment: an evaluation, a checkpoint.</summary>
/// <param name="X">Where.</param>
/// <param name="Letter">What is shown at the axis.</param>
internal readonly record struct ChartMarker(double X, char Letter);
