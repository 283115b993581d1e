namespace SynthSae;

/// <summary>
/// A sequence of samples of its own: samples of the same number on two streams are independent.
/// </summary>
public enum SampleStream
{
    /// <summary>What SAEs are trained on.</summary>
    Training,

    /// <summary>What SAEs are scored on.</summary>
    Evaluation,

    /// <summary>
    /// For people to look at, and for statistics; <c>synthsae sample</c> draws these.
    /// </summary>
    Inspection,
}
