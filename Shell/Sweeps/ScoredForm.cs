namespace SynthSae.Sweeps;

/// <summary>A form in which SAEs are scored.</summary>
/// <param name="Key">What result.json calls it.</param>
/// <param name="Prefix">How the columns of its metrics begin.</param>
/// <param name="Word">What people call it.</param>
internal sealed record ScoredForm(string Key, string Prefix, string Word)
{
    /// <summary>With the selection rule of training.</summary>
    public static readonly ScoredForm Trained = new("training_form", "trained_", "trained");

    /// <summary>As it is saved.</summary>
    public static readonly ScoredForm Saved = new("saved_form", "saved_", "saved");

    /// <summary>As it is saved, with pruning.</summary>
    public static readonly ScoredForm Pruned = new("pruned_form", "pruned_", "pruned");

    /// <summary>All of them.</summary>
    public static readonly IReadOnlyList<ScoredForm> All = [Trained, Saved, Pruned];
}
