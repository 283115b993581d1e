using System.Globalization;

namespace SynthSae.Supervision;

/// <summary>Where a run wants to be computed.</summary>
/// <param name="Cpu">The processor will do.</param>
/// <param name="Gpu">A GPU will do.</param>
/// <param name="Number">Only this GPU; null for any.</param>
internal sealed record DeviceWish(bool Cpu, bool Gpu, int? Number = null)
{
    /// <summary>What may be wished for.</summary>
    public const string Forms = "cpu, cuda, cuda:NUMBER or any";

    private const string OneGpu = "cuda:";

    /// <summary>The processor.</summary>
    public static readonly DeviceWish Processor = new(Cpu: true, Gpu: false);

    /// <summary>Any GPU.</summary>
    public static readonly DeviceWish AnyGpu = new(Cpu: false, Gpu: true);

    /// <summary>A GPU if one is free, otherwise the processor.</summary>
    public static readonly DeviceWish Any = new(Cpu: true, Gpu: true);

    /// <summary>Whether a slot will do.</summary>
    public bool Fits(Slot slot) =>
        slot.IsGpu ? Gpu && (Number is null || Number == slot.Number) : Cpu;

    /// <summary>What a text wishes for; null if it is no wish.</summary>
    public static DeviceWish? Parse(string text) =>
        text.ToLowerInvariant() switch
        {
            "cpu" => Processor,
            "any" => Any,
            "cuda" or "cuda:freest" => AnyGpu,
            var one when one.StartsWith(OneGpu, StringComparison.Ordinal)
                && int.TryParse(
                    one.AsSpan(OneGpu.Length),
                    NumberStyles.None,
                    CultureInfo.InvariantCulture,
                    out var number) => new DeviceWish(Cpu: false, Gpu: true, number),
            _ => null,
        };

    public override string ToString() =>
        this switch
        {
            { Number: { } number } => $"{OneGpu}{number}",
            { Cpu: true, Gpu: true } => "any",
            { Gpu: true } => "cuda",
            _ => "cpu",
        };
}
