namespace SynthSae;

/// <summary>Samples of a synthetic model with the truth about them.</summary>
/// <param name="First">Number of the first sample on its stream.</param>
/// <param name="Activations">x (B, D), row after row.</param>
/// <param name="Features">The true features that are active, and how much (B, N).</param>
public sealed record LabelledSamples(long First, float[] Activations, SparseCodes Features)
{
    /// <summary>B, the number of samples.</summary>
    public int Count => Features.Rows;
}
