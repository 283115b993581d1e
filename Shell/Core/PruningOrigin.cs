namespace SynthSae.Core;

/// <summary>Who chose a pruning threshold.</summary>
internal enum PruningOrigin
{
    /// <summary>Whoever gave the command or wrote the specification.</summary>
    Given,

    /// <summary>The scores of samples.</summary>
    Found,

    /// <summary>The folder of the SAE.</summary>
    Saved,
}
