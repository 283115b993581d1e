using SynthSae.Spec;

namespace SynthSae.Api;

/// <summary>Between enumerations of the public API and the unions of the core.</summary>
internal static class Enums
{
    public static InputNormalization OfCore(ActivationNormalization core) =>
        core.IsExpectedAverage ? InputNormalization.ExpectedAverage
        : core.IsConstantNorm ? InputNormalization.ConstantNorm
        : core.IsLayerNorm ? InputNormalization.LayerNorm
        : InputNormalization.None;

    public static ActivationNormalization ToCore(InputNormalization value) =>
        value switch
        {
            InputNormalization.None => ActivationNormalization.None,
            InputNormalization.ExpectedAverage => ActivationNormalization.ExpectedAverage,
            InputNormalization.ConstantNorm => ActivationNormalization.ConstantNorm,
            InputNormalization.LayerNorm => ActivationNormalization.LayerNorm,
            _ => throw Unknown(value),
        };

    public static L0PathShape OfCore(ScheduleShape core) =>
        core.IsCosine ? L0PathShape.Cosine
        : core.IsGeometric ? L0PathShape.Geometric
        : L0PathShape.Linear;

    public static ScheduleShape ToCore(L0PathShape value) =>
        value switch
        {
            L0PathShape.Linear => ScheduleShape.Linear,
            L0PathShape.Cosine => ScheduleShape.Cosine,
            L0PathShape.Geometric => ScheduleShape.Geometric,
            _ => throw Unknown(value),
        };

    public static EncoderPrecision OfCore(Precision core) =>
        core.IsTf32 ? EncoderPrecision.Tf32
        : core.IsBf16 ? EncoderPrecision.Bf16
        : EncoderPrecision.Fp32;

    public static Precision ToCore(EncoderPrecision value) =>
        value switch
        {
            EncoderPrecision.Fp32 => Precision.Fp32,
            EncoderPrecision.Tf32 => Precision.Tf32,
            EncoderPrecision.Bf16 => Precision.Bf16,
            _ => throw Unknown(value),
        };

    public static Compute.Stream ToCore(SampleStream value) =>
        value switch
        {
            SampleStream.Training => Compute.Stream.Training,
            SampleStream.Evaluation => Compute.Stream.Evaluation,
            SampleStream.Inspection => Compute.Stream.Inspection,
            _ => throw Unknown(value),
        };

    private static ArgumentOutOfRangeException Unknown<T>(T value)
        where T : struct, Enum =>
        new(nameof(value), value, $"no {typeof(T).Name} has this number");
}
