namespace SynthSae;

/// <summary>What a run is doing.</summary>
public enum TrainingPhase
{
    /// <summary>Making the synthetic model, or opening the files of activations.</summary>
    PreparingData,

    /// <summary>Drawing batches and taking optimiser steps.</summary>
    Training,

    /// <summary>Scoring the SAEs.</summary>
    Evaluating,
}
