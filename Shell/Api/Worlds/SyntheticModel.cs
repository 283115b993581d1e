using System.Collections.Concurrent;
using SynthSae.Api;
using SynthSae.Compute;
using SynthSae.Compute.Files;
using SynthSae.Core;
using SynthSae.Settings;
using SynthSae.Spec;

namespace SynthSae;

/// <summary>
/// A compiled synthetic model: feature directions, probabilities and all else that samples are
/// drawn from. A sample is a pure function of the model's seed, the run's seed, the stream and its
/// number: any can be drawn again, alone or with others, with the same bits on every kind of
/// processor. Never changes; its members may be used from several threads at once.
/// </summary>
public sealed partial class SyntheticModel
{
    private readonly LoadedWorld _loaded;
    private readonly AppSettings _settings;
    private readonly ConcurrentDictionary<long, Sampler> _samplers = new();

    private SyntheticModel(LoadedWorld loaded, AppSettings settings) =>
        (_loaded, _settings) = (loaded, settings);

    /// <summary>Make a model; it comes from the cache if it was made before.</summary>
    /// <param name="specification">What to make.</param>
    /// <param name="options">How to compute.</param>
    /// <exception cref="SpecificationException">
    /// The specification breaks rules; all are listed.
    /// </exception>
    /// <exception cref="SynthSaeException">The device cannot be used.</exception>
    public static SyntheticModel Compile(
        SyntheticModelSpecification specification, ComputeOptions? options = null) =>
        Boundary.Run(() =>
        {
            var settings = ProgramSettings.Of(options ?? ComputeOptions.Default);
            var source = ModelSource.NewSpec(specification.ToCore());
            return new SyntheticModel(Core.Worlds.Load(source, "model", settings), settings);
        });

    /// <summary>
    /// The model of a preset, of a specification's file, of a model folder in the reference's
    /// format (here or on the hub: owner/name:path), or of a run folder.
    /// </summary>
    /// <param name="source">A preset's name, a path, or an id on the hub.</param>
    /// <param name="options">How to compute.</param>
    /// <exception cref="SynthSaeException">There is no model, or it breaks rules.</exception>
    public static SyntheticModel Load(string source, ComputeOptions? options = null) =>
        Boundary.Run(() =>
        {
            var settings = ProgramSettings.Of(options ?? ComputeOptions.Default);
            return new SyntheticModel(Core.Worlds.Load(source, settings), settings);
        });

    /// <summary>What was compiled.</summary>
    public SyntheticModelSpecification Specification =>
        SyntheticModelSpecification.OfCore(World.Spec);

    /// <summary>N, the number of features.</summary>
    public int NumFeatures => World.NumFeatures;

    /// <summary>D, the dimension of an activation.</summary>
    public int HiddenDim => World.HiddenDim;

    /// <summary>
    /// R, the rank of the correlation between features; 0 where they are independent.
    /// </summary>
    public int CorrelationRank => World.Rank;

    /// <summary>Tells models apart: a sum over the features' directions and the bias.</summary>
    public string Checksum => _loaded.Checksum;

    /// <summary>
    /// What the reader should know: probabilities that were clamped, and the like.
    /// </summary>
    public IReadOnlyList<string> Notes => [.. _loaded.Notes];

    /// <summary>The features' unit directions (N, D), row after row.</summary>
    public ReadOnlySpan<float> Directions => World.Dictionary.Span;

    /// <summary>What is added to every activation (D).</summary>
    public ReadOnlySpan<float> Bias => World.Bias;

    /// <summary>(N): firing probabilities as the specification says them.</summary>
    public ReadOnlySpan<float> NominalProbabilities => World.BaseProbability;

    /// <summary>
    /// (N): the same, raised to make up for the hierarchy where it is to be compensated: with these
    /// a feature fires given that its parent does.
    /// </summary>
    public ReadOnlySpan<float> FiringProbabilities => World.Probability;

    /// <summary>(N): mean magnitude of each feature where it fires.</summary>
    public ReadOnlySpan<float> MeanMagnitudes => World.MeanMagnitude;

    /// <summary>(N): standard deviation of each feature's magnitude.</summary>
    public ReadOnlySpan<float> MagnitudeDeviations => World.StdMagnitude;

    /// <summary>The trees of features, breadth first; empty without a hierarchy.</summary>
    public IReadOnlyList<FeatureNode> Hierarchy =>
        [.. Enumerable.Range(0, World.Forest.Nodes).Select(Node)];

    internal World World => _loaded.World;

    internal LoadedWorld Loaded => _loaded;

    internal AppSettings Settings => _settings;

    /// <summary>The unit direction of one feature (D).</summary>
    /// <param name="feature">In [0, N).</param>
    public ReadOnlySpan<float> Direction(int feature)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(feature);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(feature, NumFeatures);
        return World.Dictionary.Row(feature);
    }

    /// <summary>Write the model as a folder that the reference (SAELens) loads.</summary>
    /// <param name="folder">Made if it is not there.</param>
    /// <exception cref="SynthSaeException">
    /// The folder cannot be written, or the format has no words for a field of this model.
    /// </exception>
    public void Save(string folder) =>
        Boundary.Run(() =>
        {
            Files.CreateFolder(folder);
            ModelFolder.write(folder, World);
        });

    private FeatureNode Node(int number)
    {
        var forest = World.Forest;
        return new FeatureNode(
            number,
            forest.Feature[number] is >= 0 and var feature ? feature : null,
            forest.Depth[number],
            forest.Parent[number] is >= 0 and var parent ? parent : null,
            forest.ChildStart[number],
            forest.ChildStart[number + 1] - forest.ChildStart[number],
            forest.ExclusiveChildren[number],
            forest.ScaledByParent[number]);
    }
}
