namespace SynthSae.Runs;

/// <summary>Names of the parts that a run's time is split into.</summary>
internal static class TimedParts
{
    public const string Sample = "sample";
    public const string Step = "step";
    public const string Checkpoints = "checkpoints";
    public const string Evaluation = "evaluation";
    public const string Saving = "saving";
}
