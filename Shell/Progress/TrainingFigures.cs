using SynthSae.Runs;

namespace SynthSae.Progress;

/// <summary>Training as it is shown: the last step, smoothed, and its pace.</summary>
/// <param name="Saes">The last step of each SAE, its loss, L0 and R² averaged over some 20
///   steps.</param>
/// <param name="Latents">L of each.</param>
/// <param name="SamplesPerSecond">Over the last seconds.</param>
internal readonly record struct TrainingFigures(
    IReadOnlyList<StepProgress> Saes, IReadOnlyList<int> Latents, double SamplesPerSecond)
{
    /// <summary>The step that all have taken.</summary>
    public StepProgress Last => Saes[0];

    /// <summary>From 0 to 1.</summary>
    public double Share => (double)Last.Step / Last.Steps;

    /// <summary>Until the last step, at this pace; infinite when no pace is known.</summary>
    public double SecondsLeft =>
        (Last.Steps - Last.Step) * ((double)Last.Samples / Last.Step) / SamplesPerSecond;
}
