namespace SynthSae.Features;

/// <summary>What became of a true feature, from the best to the worst.</summary>
internal enum FeatureVerdict
{
    /// <summary>One latent stands for it.</summary>
    Recovered,

    /// <summary>Several latents share it.</summary>
    Split,

    /// <summary>The latents of its descendants took it over.</summary>
    Absorbed,

    /// <summary>Nothing stands for it.</summary>
    Missed,
}

/// <summary>Words for verdicts.</summary>
internal static class FeatureVerdicts
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<FeatureVerdict> All { get; } = Enum.GetValues<FeatureVerdict>();

    /// <summary>As the files name it.</summary>
    public static string Word(this FeatureVerdict verdict) => verdict switch
    {
        FeatureVerdict.Recovered => "recovered",
        FeatureVerdict.Split => "split",
        FeatureVerdict.Absorbed => "absorbed",
        _ => "missed",
    };

    /// <summary>One letter of the four.</summary>
    public static char Letter(this FeatureVerdict verdict) =>
        char.ToUpperInvariant(verdict.Word()[0]);

    /// <summary>The verdict of a word in a file; null if it is none.</summary>
    public static FeatureVerdict? Of(string word) =>
        All.Where(verdict => verdict.Word() == word).Cast<FeatureVerdict?>().FirstOrDefault();
}
