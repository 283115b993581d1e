using SynthSae.Compute;
using SynthSae.Spec;

namespace SynthSae.Core;

/// <summary>A model's forest of features, with the probabilities of its specification.</summary>
/// <param name="Forest">The trees as arrays.</param>
/// <param name="Probability">Nominal firing probability of each feature (N).</param>
internal sealed record ForestView(Forest Forest, float[] Probability)
{
    /// <summary>N.</summary>
    public int Features => Probability.Length;

    /// <summary>Features that are in a tree.</summary>
    public int Inside => Forest.NodeOfFeature.Count(node => node >= 0);

    /// <summary>Depth of the deepest node.</summary>
    public int MaxDepth => Forest.Depth.DefaultIfEmpty(-1).Max();

    /// <summary>The forest of a specification; quick, for nothing else is compiled.</summary>
    public static ForestView Of(SyntheticModelSpec spec)
    {
        var seed = WorldCompiler.seed(spec);
        var trees = Forests.trees((ulong)seed, spec.NumFeatures, spec.Hierarchy);
        return new ForestView(
            Forests.compile(spec.NumFeatures, trees),
            FiringProbabilities.compile(seed, spec.NumFeatures, spec.FiringProbability));
    }

    /// <summary>The forest of a compiled world.</summary>
    public static ForestView Of(World world) => new(world.Forest, world.BaseProbability);

    /// <summary>Nodes below a node.</summary>
    public IReadOnlyList<int> Children(int node) =>
        [.. Enumerable.Range(
            Forest.ChildStart[node], Forest.ChildStart[node + 1] - Forest.ChildStart[node])];
}
