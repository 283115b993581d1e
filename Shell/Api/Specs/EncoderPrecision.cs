namespace SynthSae;

/// <summary>
/// What the encoder's product reads while training: its factors are rounded to such numbers. All
/// else, and all scores, are computed in float32.
/// </summary>
public enum EncoderPrecision
{
    /// <summary>float32, as they are.</summary>
    Fp32,

    /// <summary>10 bits of fraction.</summary>
    Tf32,

    /// <summary>7 bits of fraction.</summary>
    Bf16,
}
