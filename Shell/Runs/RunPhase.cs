namespace SynthSae.Runs;

/// <summary>What a run is doing.</summary>
internal enum RunPhase
{
    /// <summary>Compiling the synthetic model, or loading it from the cache.</summary>
    World,

    /// <summary>Opening files of activations.</summary>
    Activations,

    /// <summary>Drawing batches and taking optimiser steps.</summary>
    Training,

    /// <summary>Scoring the SAE.</summary>
    Evaluation,
}

/// <summary>Names of phases in files and to people.</summary>
internal static class RunPhaseWords
{
    /// <summary>E.g. "training".</summary>
    public static string Word(this RunPhase phase) => phase.ToString().ToLowerInvariant();
}
