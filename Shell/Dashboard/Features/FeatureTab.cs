namespace SynthSae.Dashboard.Features;

/// <summary>What is shown of the features.</summary>
internal enum FeatureTab
{
    /// <summary>How recovery depends on depth, rate and magnitude.</summary>
    Shares,

    /// <summary>The hierarchy.</summary>
    Tree,

    /// <summary>The cosines of latents with features.</summary>
    Map,
}
