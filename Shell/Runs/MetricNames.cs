namespace SynthSae.Runs;

/// <summary>What each metric is called, and what it means to a newcomer.</summary>
public static class MetricNames
{
    public const string F1 = "f1_score";
    public const string Mcc = "mcc";
    public const string Uniqueness = "uniqueness";
    public const string R2 = "explained_variance";

    private static readonly (string Name, string Title, string Meaning)[] Known =
    [
        (F1, "F1", "do latents fire just when their best-matching features do? 1 is best"),
        (Mcc, "MCC", "mean |cosine| of latents matched one-to-one with true features"),
        (Uniqueness, "uniqueness", "share of latents whose best-matching feature is no other's"),
        (R2, "R²", "share of the activations' variance that is reconstructed"),
        ("precision", "precision", "of a latent's firings, the share with its feature active"),
        ("recall", "recall", "of a feature's activations, the share its latent caught"),
        ("accuracy", "accuracy", "share of samples where latent and feature agree"),
        ("sae_l0", "SAE L0", "latents active per sample"),
        ("true_l0", "true L0", "features active per sample, in truth"),
        ("dead_latents", "dead latents", "latents that never fired here"),
        ("shrinkage", "shrinkage", "length of reconstruction over length of activation"),
        ("mse", "MSE", "squared error, summed over dimensions"),
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
