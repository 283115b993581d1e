using SynthSae.Runs;

namespace SynthSae.Progress;

/// <summary>What a display shows of a run at one moment.</summary>
/// <param name="Phase">What the run is doing.</param>
/// <param name="What">The same in words.</param>
/// <param name="InPhase">Time since the phase began.</param>
/// <param name="Scored">Share of the samples that are scored, from 0 to 1.</param>
/// <param name="Training">Smoothed figures of training; null before the first step.</param>
internal sealed record ProgressState(
    RunPhase Phase,
    string What,
    TimeSpan InPhase,
    double Scored,
    TrainingFigures? Training);
