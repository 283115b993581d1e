namespace SynthSae;

/// <summary>A metric of one SAE over the steps of a run.</summary>
/// <param name="Name">E.g. <c>loss</c>, <c>l0</c>, <c>eval.f1_score</c>.</param>
/// <param name="Sae">The SAE's place in the run, from 0.</param>
/// <param name="Points">Its values, by ascending step.</param>
public sealed record MetricCurve(string Name, int Sae, IReadOnlyList<MetricValue> Points);
