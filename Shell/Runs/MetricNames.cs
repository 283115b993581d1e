namespace SynthSae.Runs;

/// <summary>What each metric is called, and what it means to a newcomer.</summary>
internal static class MetricNames
{
    public const string F1 = "f1_score";
    public const string Mcc = "mcc";
    public const string Uniqueness = "uniqueness";
    public const string R2 = "explained_variance";
    public const string Precision = "precision";
    public const string Recall = "recall";
    public const string TrueL0 = "true_l0";
    public const string SaeL0 = "sae_l0";
    public const string Dead = "dead_latents";
    public const string Shrinkage = "shrinkage";
    public const string Mse = "mse";

    private static readonly (string Name, string Title, string Meaning)[] Known =
    [
        (F1, "F1", "latents fire with their features"),
        (Mcc, "MCC", "latents point along features"),
        (Uniqueness, "uniqueness", "latents have a feature of their own"),
        (R2, "R²", "share of variance reconstructed"),
        (Precision, "precision", "firings with the feature active"),
        (Recall, "recall", "the feature's activity caught"),
        ("accuracy", "accuracy", "latent and feature agree"),
        (SaeL0, "SAE L0", "latents active per sample"),
        (TrueL0, "true L0", "features active per sample"),
        (Dead, "dead latents", "latents that never fired"),
        (Shrinkage, "shrinkage", "length of x̂ over length of x"),
        (Mse, "MSE", "squared error, summed over D"),
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
