namespace SynthSae;

/// <summary>
/// How inputs are scaled before an SAE sees them (reference: normalize_activations).
/// </summary>
public enum InputNormalization
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>
    /// By one factor √D / E‖x‖, estimated before training and folded into the weights that are
    /// saved.
    /// </summary>
    ExpectedAverage,

    /// <summary>Each sample to norm √D, undone on the output.</summary>
    ConstantNorm,

    /// <summary>Each sample to mean 0 and standard deviation 1, undone on the output.</summary>
    LayerNorm,
}
