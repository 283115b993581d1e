namespace SynthSae.Runs;

/// <summary>What each metric is called, and what it means to a newcomer.</summary>
public static class MetricNames
{
    public const string F1 = "f1_score";
    public const string Mcc = "mcc";
    public const string Uniqueness = "uniqueness";
    public const string ExplainedVariance = "explained_variance";

    private static readonly (string Name, string Title, string Meaning)[] Known =
    [
        (F1, "F1", "does a latent fire exactly when its best-matching feature does? 1 = always"),
        ("precision", "precision", "of a latent's firings, the share in which its feature was active"),
        ("recall", "recall", "of a feature's activations, the share that its latent caught"),
        ("accuracy", "accuracy", "share of samples on which a latent and its feature agree"),
        (Mcc, "MCC", "mean |cosine| of decoder directions matched one-to-one with true features"),
        (Uniqueness, "uniqueness", "share of latents that have a best-matching feature of their own"),
        (ExplainedVariance, "R²", "share of the activations' variance that is reconstructed"),
        ("true_l0", "true L0", "features active per sample, in truth"),
        ("sae_l0", "SAE L0", "latents active per sample"),
        ("dead_latents", "dead latents", "latents that never fired while it was scored"),
        ("shrinkage", "shrinkage", "length of the reconstruction over that of the activation; 1 is best"),
    ];

    /// <summary>The short name that people use.</summary>
    public static string Title(string name) => Find(name).Title;

    /// <summary>A few words on what the metric tells.</summary>
    public static string Meaning(string name) => Find(name).Meaning;

    private static (string Name, string Title, string Meaning) Find(string name) =>
        Known.FirstOrDefault(metric => metric.Name == name) is { Name: not null } known
            ? known
            : (name, name.Replace('_', ' '), "");
}
