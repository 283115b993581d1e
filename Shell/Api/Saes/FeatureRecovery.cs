namespace SynthSae;

/// <summary>What became of a true feature in an SAE.</summary>
public enum FeatureRecovery
{
    /// <summary>One latent stands for it.</summary>
    Recovered,

    /// <summary>Several latents that point along it share its activity.</summary>
    Split,

    /// <summary>Latents of features below it in the hierarchy took it over.</summary>
    Absorbed,

    /// <summary>None of these.</summary>
    Missed,
}
