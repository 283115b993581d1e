namespace SynthSae.Runs;

/// <summary>How far one SAE of a run has come.</summary>
/// <param name="Last">The last step.</param>
/// <param name="StepTime">Time of its steps.</param>
/// <param name="StepParts">Seconds of their parts, by name.</param>
internal sealed record SaeState(
    StepProgress Last, TimeSpan StepTime, IReadOnlyDictionary<string, double> StepParts)
{
    /// <summary>Samples per second of its own steps.</summary>
    public double SamplesPerSecond => Last.Samples / StepTime.TotalSeconds;
}
