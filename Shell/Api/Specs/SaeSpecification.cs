using SynthSae.Api;
using SynthSae.Core;
using SynthSae.Spec;

namespace SynthSae;

/// <summary>
/// A sparse autoencoder to be trained. Immutable; <c>with</c> makes a changed copy. Defaults are
/// the reference's. Values are checked by <see cref="RunSpecification.Validate"/>.
/// </summary>
/// <param name="Width">L, the number of latents; at least 1.</param>
/// <param name="Architecture">
/// How pre-activations become latents, with the settings of its own.
/// </param>
public sealed record SaeSpecification(int Width, Architecture Architecture)
{
    /// <summary>D, the dimension of activations; null takes it from the data.</summary>
    public int? InputDim { get; init; }

    /// <summary>
    /// Norm of the decoder's rows at the start; null leaves them as they are drawn.
    /// </summary>
    public double? DecoderInitNorm { get; init; } = 0.1;

    /// <summary>Subtract the decoder's bias from the input before encoding.</summary>
    public bool AppliesDecoderBiasToInput { get; init; } = true;

    /// <summary>How inputs are scaled before the SAE sees them.</summary>
    public InputNormalization InputNormalization { get; init; }

    /// <summary>
    /// η of one residual correction in the encoder (a step of LISTA), above 0; null for none.
    /// </summary>
    public double? ListaEta { get; init; }

    /// <summary>
    /// The mean number of active latents to reach. Where the architecture has a k it takes its
    /// place; where the L0 follows from a penalty, a controller moves that. Null for neither.
    /// </summary>
    public double? TargetL0 { get; init; }

    /// <summary>How the L0 comes to its final value; null to have it from the start.</summary>
    public L0Path? L0Path { get; init; }

    /// <summary>The controller of the penalty.</summary>
    public L0Controller L0Controller { get; init; } = new();

    /// <summary>Keep the rows of the decoder at norm 1.</summary>
    public bool HasUnitDecoder { get; init; }

    /// <summary>
    /// Start the first latents at the model's true features, with Gaussian noise of this standard
    /// deviation per number, at least 0; null for a random start.
    /// </summary>
    public double? FeatureStartNoise { get; init; }

    /// <summary>How dead latents are given a new start; null for no resampling.</summary>
    public DeadLatentResampling? Resampling { get; init; }

    /// <summary>Seed of the initial weights; null takes the run's.</summary>
    public long? Seed { get; init; }

    /// <summary>The SAE of a training <c>cfg.json</c>; it is not validated yet.</summary>
    /// <param name="json">The text.</param>
    /// <exception cref="SpecificationException">The text breaks rules; all are listed.</exception>
    public static SaeSpecification FromJson(string json) =>
        Boundary.Run(() => OfCore(SaeSpecModule.ofJson(json).OrThrow("SAE")));

    /// <summary>The specification as JSON in the reference's field names.</summary>
    public string ToJson() => Boundary.Run(() => SaeSpecModule.toJson(ToCore()));

    /// <summary>A copy in which one field has another value.</summary>
    /// <param name="path">The field as in JSON, e.g. <c>k</c> or <c>resampling.every</c>.</param>
    /// <param name="value">JSON where it is JSON, otherwise a string.</param>
    /// <exception cref="SpecificationException">
    /// There is no such field (the nearest is named), or the value is not of its kind.
    /// </exception>
    public SaeSpecification With(string path, string value) =>
        SpecificationPaths.Within("sae", () =>
            (RunSpecification.Scratch with { Sae = this }).With($"sae.{path}", value).Sae);

    /// <summary>
    /// Every broken rule, apart from those that depend on the run; none if it is valid.
    /// </summary>
    public IReadOnlyList<SpecificationError> Validate() =>
        Boundary.Errors(SaeSpecModule.validate(ToCore()));

    internal static SaeSpecification OfCore(SaeSpec core) =>
        new(core.DSae, Architecture.OfCore(core.Architecture))
        {
            InputDim = FSharpValues.Nullable(core.DIn),
            DecoderInitNorm = FSharpValues.Nullable(core.DecoderInitNorm),
            AppliesDecoderBiasToInput = core.ApplyBDecToInput,
            InputNormalization = Enums.OfCore(core.Normalization),
            ListaEta = FSharpValues.Nullable(core.ListaEta),
            TargetL0 = FSharpValues.Nullable(core.TargetL0),
            L0Path = SynthSae.L0Path.OfCore(core.L0Schedule),
            L0Controller = L0Controller.OfCore(core.Autotuner),
            HasUnitDecoder = core.DecoderNorm.IsUnit,
            FeatureStartNoise =
                (core.Initialization as SaeInitialisation.Features)?.noise,
            Resampling = DeadLatentResampling.OfCore(core.Resampling),
            Seed = FSharpValues.Nullable(core.Seed),
        };

    internal SaeSpec ToCore() => new(
        FSharpValues.Option(InputDim),
        Width,
        Architecture.ToCore(),
        FSharpValues.Option(DecoderInitNorm),
        AppliesDecoderBiasToInput,
        Enums.ToCore(InputNormalization),
        FSharpValues.Option(ListaEta),
        FSharpValues.Option(TargetL0),
        L0Path?.ToCore(),
        L0Controller.ToCore(),
        HasUnitDecoder ? DecoderNorm.Unit : DecoderNorm.Free,
        FeatureStartNoise is { } noise
            ? SaeInitialisation.NewFeatures(noise)
            : SaeInitialisation.Random,
        Resampling?.ToCore(),
        FSharpValues.Option(Seed));
}
