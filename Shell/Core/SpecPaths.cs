namespace SynthSae.Core;

/// <summary>Paths of the specification's fields that are spoken of.</summary>
internal static class SpecPaths
{
    public const string Sae = "sae";
    public const string Saes = "saes";
    public const string TrainingSamples = "training_samples";
    public const string Seed = "seed";
    public const string EvaluationSamples = "eval_samples";
}
