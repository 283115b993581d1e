namespace SynthSae.Core;

/// <summary>Paths of the specification's fields that have options of their own.</summary>
internal static class SpecPaths
{
    public const string TrainingSamples = "training_samples";
    public const string Seed = "seed";
    public const string EvaluationSamples = "eval_samples";
}
