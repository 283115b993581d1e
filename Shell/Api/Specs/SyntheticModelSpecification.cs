using SynthSae.Api;
using SynthSae.Core;
using SynthSae.Spec;

namespace SynthSae;

/// <summary>
/// A synthetic model: everything that defines the distribution of activations. Immutable;
/// <c>with</c> changes its sizes, <see cref="With"/> any field by its path in JSON (docs/specs.md).
/// Two specifications are equal if all their fields are.
/// </summary>
public sealed record SyntheticModelSpecification
{
    private readonly SyntheticModelSpec _core;

    /// <summary>
    /// A model with the reference's defaults: Zipfian firing, no hierarchy, no correlation,
    /// magnitude 1, a random bias of norm 1.
    /// </summary>
    /// <param name="numFeatures">N, the number of features; at least 1.</param>
    /// <param name="hiddenDim">D, the dimension of an activation; at least 1.</param>
    public SyntheticModelSpecification(int numFeatures, int hiddenDim)
        : this(SyntheticModelSpecModule.create(numFeatures, hiddenDim))
    {
    }

    private SyntheticModelSpecification(SyntheticModelSpec core) => _core = core;

    /// <summary>N, the number of features; at least 1.</summary>
    public int NumFeatures
    {
        get => _core.NumFeatures;
        init => _core = Copy(numFeatures: value);
    }

    /// <summary>D, the dimension of an activation; at least 1.</summary>
    public int HiddenDim
    {
        get => _core.HiddenDim;
        init => _core = Copy(hiddenDim: value);
    }

    /// <summary>Norm of the random bias direction, at least 0; 0 for none.</summary>
    public double BiasNorm
    {
        get => _core.Bias;
        init => _core = Copy(bias: value);
    }

    /// <summary>Seed of every random choice in the model; null means 0.</summary>
    public long? Seed
    {
        get => FSharpValues.Nullable(_core.Seed);
        init => _core = Copy(seed: value, setsSeed: true);
    }

    /// <summary>
    /// True if features stand in trees: a child fires only together with its parent.
    /// </summary>
    public bool HasHierarchy => FSharpValues.IsSome(_core.Hierarchy);

    /// <summary>The model of a preset's run.</summary>
    /// <param name="name">One of <see cref="RunSpecification.Presets"/>.</param>
    /// <exception cref="SpecificationException">
    /// There is none of that name; the nearest is named.
    /// </exception>
    public static SyntheticModelSpecification FromPreset(string name) =>
        RunSpecification.FromPreset(name).Model!;

    /// <summary>
    /// The model of a <c>synthetic_model_config.json</c>; it is not validated yet.
    /// </summary>
    /// <param name="json">The text, in the reference's field names.</param>
    /// <exception cref="SpecificationException">The text breaks rules; all are listed.</exception>
    public static SyntheticModelSpecification FromJson(string json) =>
        Boundary.Run(() =>
            OfCore(SyntheticModelSpecModule.ofJson(json).OrThrow("synthetic model")));

    /// <summary>The specification as JSON in the reference's field names.</summary>
    public string ToJson() => Boundary.Run(() => SyntheticModelSpecModule.toJson(_core));

    /// <summary>
    /// Every broken rule, in the order of the fields; none if the model is valid.
    /// </summary>
    public IReadOnlyList<SpecificationError> Validate() =>
        Boundary.Errors(SyntheticModelSpecModule.validate(_core));

    /// <summary>A copy in which one field has another value.</summary>
    /// <param name="path">
    /// The field as in JSON, e.g. <c>correlation.correlation_scale</c> or <c>hierarchy</c>.
    /// </param>
    /// <param name="value">
    /// JSON where it is JSON (<c>null</c> for none), otherwise a string.
    /// </param>
    /// <exception cref="SpecificationException">
    /// There is no such field (the nearest is named), or the value is not of its kind.
    /// </exception>
    public SyntheticModelSpecification With(string path, string value) =>
        SpecificationPaths.Within("synthetic_model", () =>
            (RunSpecification.Scratch with { Model = this })
                .With($"synthetic_model.{path}", value).Model!);

    /// <summary>The JSON text.</summary>
    public override string ToString() => ToJson();

    internal static SyntheticModelSpecification OfCore(SyntheticModelSpec core) => new(core);

    internal SyntheticModelSpec ToCore() => _core;

    private SyntheticModelSpec Copy(
        int? numFeatures = null,
        int? hiddenDim = null,
        double? bias = null,
        long? seed = null,
        bool setsSeed = false) => new(
        numFeatures ?? _core.NumFeatures,
        hiddenDim ?? _core.HiddenDim,
        _core.FiringProbability,
        _core.Hierarchy,
        _core.Orthogonalization,
        _core.Correlation,
        _core.StdFiringMagnitudes,
        _core.MeanFiringMagnitudes,
        bias ?? _core.Bias,
        _core.Dictionary,
        setsSeed ? FSharpValues.Option(seed) : _core.Seed);
}
