using System.Globalization;
using SynthSae.Api;
using SynthSae.Core;
using SynthSae.Spec;

namespace SynthSae;

public sealed partial record RunSpecification
{
    /// <summary>The named runs, the benchmark first.</summary>
    public static IReadOnlyList<PresetDescription> Presets { get; } =
        [.. PresetList.All.Select(preset =>
            new PresetDescription(preset.Name, preset.Description))];

    // Fields of parts are set in a whole run, which knows the rules of paths.
    internal static RunSpecification Scratch { get; } = FromPreset("tiny");

    /// <summary>The run of a preset.</summary>
    /// <param name="name">One of <see cref="Presets"/>, e.g. <c>synth-sae-bench-16k</c>.</param>
    /// <exception cref="SpecificationException">
    /// There is none of that name; the nearest is named.
    /// </exception>
    public static RunSpecification FromPreset(string name) =>
        Boundary.Run(() =>
            OfCore(name, Spec.Presets.find(name).OrThrow("preset").Run));

    /// <summary>
    /// The run that a JSON text describes (docs/specs.md); it is not validated yet.
    /// </summary>
    /// <param name="json">The text, in the reference's field names.</param>
    /// <exception cref="SpecificationException">The text breaks rules; all are listed.</exception>
    public static RunSpecification FromJson(string json) =>
        Boundary.Run(() =>
            OfCore("run", RunSpecModule.ofJson(json).OrThrow("specification")));

    /// <summary>The run of a preset, of a specification's file, or of a run folder.</summary>
    /// <param name="source">A preset's name, or the path of a file or folder.</param>
    /// <exception cref="SynthSaeException">There is nothing there, or it holds no run.</exception>
    public static RunSpecification Load(string source) =>
        Boundary.Run(() =>
        {
            var (title, spec) = RunSpecs.Read(source);
            return OfCore(title, spec);
        });

    /// <summary>The specification as JSON in the reference's field names.</summary>
    public string ToJson() => Boundary.Run(() => RunSpecs.ToJson(ToCore()));

    /// <summary>Every broken rule, in the order of the fields; none if the run is valid.</summary>
    public IReadOnlyList<SpecificationError> Validate() =>
        Boundary.Errors(RunSpecModule.validate(ToCore()));

    /// <summary>A copy in which one field has another value.</summary>
    /// <param name="path">
    /// The field as in JSON: <c>lr</c>, <c>sae.k</c> (of every SAE), <c>saes[1].k</c> (of one),
    /// <c>synthetic_model.hierarchy.branching_factor</c>.
    /// </param>
    /// <param name="value">JSON where it is JSON, otherwise a string.</param>
    /// <exception cref="SpecificationException">
    /// There is no such field (the nearest is named), or the value is not of its kind.
    /// </exception>
    public RunSpecification With(string path, string value) =>
        Boundary.Run(() =>
        {
            var change = FSharpValues.List([Tuple.Create(path, value)]);
            return OfCore(Name, RunSpecModule.set(change, ToCore()).OrThrow("what is set"));
        });

    /// <inheritdoc cref="With(string, string)"/>
    public RunSpecification With(string path, double value) =>
        With(path, value.ToString("R", CultureInfo.InvariantCulture));

    /// <inheritdoc cref="With(string, string)"/>
    public RunSpecification With(string path, long value) =>
        With(path, value.ToString(CultureInfo.InvariantCulture));

    /// <inheritdoc cref="With(string, string)"/>
    public RunSpecification With(string path, bool value) => With(path, value ? "true" : "false");

    /// <summary>
    /// A copy with an SAE for every one of this run's with every one of some values of a field, all
    /// of them trained on the same batches.
    /// </summary>
    /// <param name="path">A field of the SAE as in JSON, e.g. <c>sae.k</c>.</param>
    /// <param name="values">
    /// The values, at least one, as for <see cref="With(string, string)"/>.
    /// </param>
    /// <exception cref="SpecificationException">A value cannot be set there.</exception>
    public RunSpecification Sweep(string path, params IEnumerable<string> values) =>
        this with
        {
            Saes = [.. values
                .SelectMany(value => Saes.Select(sae => this with { Sae = sae }),
                    (value, run) => run.With(path, value).Sae)],
        };

    internal static RunSpecification OfCore(string name, RunSpec core)
    {
        var (training, evaluation) = (core.Training, core.Evaluation);
        return new(TrainingData.OfCore(core.Data), [.. core.Saes.Select(SaeSpecification.OfCore)])
        {
            Name = name,
            TrainingSamples = training.Samples,
            BatchSize = training.BatchSize,
            LearningRate = training.Lr,
            LearningRateSchedule = LearningRateSchedule.OfCore(training.LrScheduler),
            WarmUpSteps = training.LrWarmUpSteps,
            DecaySteps = training.LrDecaySteps,
            FinalLearningRate = FSharpValues.Nullable(training.LrEnd),
            AdamBeta1 = training.AdamBeta1,
            AdamBeta2 = training.AdamBeta2,
            NormEstimateBatches = training.NormBatches,
            DeadLatentWindow = training.DeadFeatureWindow,
            Precision = Enums.OfCore(training.Precision),
            Seed = training.Seed,
            EvaluationSamples = evaluation.Samples,
            EvaluatesAtEnd = evaluation.Final,
            EvaluationInterval = evaluation.Frequency,
            IntermediateEvaluationSamples = evaluation.IntermediateSamples,
            Pruning = PruningChoice.OfCore(evaluation.Pruning),
        };
    }

    internal RunSpec ToCore() => new(
        Data.ToCore(),
        FSharpValues.List(Saes.Select(sae => sae.ToCore())),
        new TrainingSpec(
            TrainingSamples,
            BatchSize,
            LearningRate,
            LearningRateSchedule.ToCore(),
            WarmUpSteps,
            DecaySteps,
            FSharpValues.Option(FinalLearningRate),
            AdamBeta1,
            AdamBeta2,
            NormEstimateBatches,
            DeadLatentWindow,
            Enums.ToCore(Precision),
            Seed),
        new EvaluationSpec(
            EvaluationSamples,
            EvaluationInterval,
            IntermediateEvaluationSamples,
            EvaluatesAtEnd,
            Pruning.ToCore()));
}
