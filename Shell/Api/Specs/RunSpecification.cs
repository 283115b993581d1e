using SynthSae.Api;

namespace SynthSae;

/// <summary>
/// A run: the data, the SAEs that are trained on it, how they are trained and scored. Immutable;
/// <c>with</c> makes a copy with other values, <see cref="With(string, string)"/> one in which a
/// field has another value that goes by its path in JSON. Nothing is checked before
/// <see cref="Validate"/>, which whatever executes a run calls by itself. Two specifications are
/// equal if all their fields are.
/// </summary>
/// <param name="Data">What SAEs are trained on.</param>
/// <param name="Saes">
/// At least one; several are trained on the same batches, each as if alone.
/// </param>
public sealed partial record RunSpecification(
    TrainingData Data, IReadOnlyList<SaeSpecification> Saes)
{
    private readonly ValueList<SaeSpecification> _saes = new(Saes);

    /// <summary>A run with one SAE, all else at the reference's defaults.</summary>
    /// <param name="model">The synthetic model that it is trained on.</param>
    /// <param name="sae">The SAE.</param>
    public RunSpecification(SyntheticModelSpecification model, SaeSpecification sae)
        : this(new TrainingData.Synthetic(model), [sae])
    {
    }

    /// <summary>What its run folders are called.</summary>
    public string Name { get; init; } = "run";

    /// <summary>At least one; several are trained on the same batches, each as if alone.</summary>
    public IReadOnlyList<SaeSpecification> Saes
    {
        get => _saes;
        init => _saes = new(value);
    }

    /// <summary>The SAE of a run that has one; to set it makes it the only one.</summary>
    /// <exception cref="InvalidOperationException">The run has another number of SAEs.</exception>
    public SaeSpecification Sae
    {
        get => _saes is [var one]
            ? one
            : throw new InvalidOperationException($"the run has {_saes.Count} SAEs: see Saes");
        init => _saes = new([value]);
    }

    /// <summary>The synthetic model of a run that has one written out; null otherwise.</summary>
    public SyntheticModelSpecification? Model
    {
        get => (Data as TrainingData.Synthetic)?.Model;
        init
        {
            ArgumentNullException.ThrowIfNull(value);
            Data = new TrainingData.Synthetic(value);
        }
    }

    /// <summary>Samples to train on, at least 1; the last batch may overshoot.</summary>
    public long TrainingSamples { get; init; } = 100_000_000;

    /// <summary>B, samples per step; at least 1.</summary>
    public int BatchSize { get; init; } = 1024;

    /// <summary>Adam's learning rate; above 0.</summary>
    public double LearningRate { get; init; } = 3e-4;

    /// <summary>The learning rate between warm-up and decay.</summary>
    public LearningRateSchedule LearningRateSchedule { get; init; } =
        new LearningRateSchedule.Constant();

    /// <summary>Steps in which the learning rate grows linearly to its value.</summary>
    public int WarmUpSteps { get; init; }

    /// <summary>Steps at the end in which the learning rate falls linearly to 0.</summary>
    public int DecaySteps { get; init; }

    /// <summary>Where a cosine ends; null for a tenth of the learning rate.</summary>
    public double? FinalLearningRate { get; init; }

    /// <summary>β₁ of Adam, in [0, 1).</summary>
    public double AdamBeta1 { get; init; } = 0.9;

    /// <summary>β₂ of Adam, in [0, 1).</summary>
    public double AdamBeta2 { get; init; } = 0.999;

    /// <summary>
    /// Batches from which <see cref="InputNormalization.ExpectedAverage"/> is estimated; at least
    /// 1.
    /// </summary>
    public int NormEstimateBatches { get; init; } = 1000;

    /// <summary>
    /// A latent is dead when it has not fired for more than so many steps; at least 0.
    /// </summary>
    public int DeadLatentWindow { get; init; } = 1000;

    /// <summary>What the encoder's product reads while training.</summary>
    public EncoderPrecision Precision { get; init; }

    /// <summary>Seed of the SAEs' initial weights and of the samples.</summary>
    public long Seed { get; init; }

    /// <summary>Samples of the evaluation at the end; at least 1.</summary>
    public long EvaluationSamples { get; init; } = 500_000;

    /// <summary>Score the SAEs at the end.</summary>
    public bool EvaluatesAtEnd { get; init; } = true;

    /// <summary>Steps between evaluations while training; 0 for none.</summary>
    public int EvaluationInterval { get; init; }

    /// <summary>Samples of an evaluation while training; at least 1.</summary>
    public long IntermediateEvaluationSamples { get; init; } = 20_480;

    /// <summary>Score the saved SAEs with pruning besides.</summary>
    public PruningChoice Pruning { get; init; } = new PruningChoice.Off();

    /// <summary>The name, and the specification as JSON.</summary>
    public override string ToString() => $"{Name}: {ToJson()}";
}
