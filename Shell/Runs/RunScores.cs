namespace SynthSae.Runs;

/// <summary>What a run's SAE scored at the end.</summary>
/// <param name="Trained">As it was trained.</param>
/// <param name="Saved">As it was saved.</param>
/// <param name="Pruned">As it was saved, with pruning; null if there was nothing to prune.</param>
internal sealed record RunScores(Scores Trained, Scores Saved, Scores? Pruned);
