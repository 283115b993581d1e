using SynthSae.Api;
using SynthSae.Compute.Cuda;

namespace SynthSae;

/// <summary>Where is computed: on the processor or on an NVIDIA GPU.</summary>
/// <param name="Name">
/// As on the command line: cpu, reference, cuda, cuda:N, cuda:freest, any.
/// </param>
public sealed record ComputeDevice(string Name)
{
    /// <summary>SIMD on the processor's cores; the result does not depend on how many.</summary>
    public static ComputeDevice Cpu { get; } = new("cpu");

    /// <summary>
    /// Plain loops on one core of the processor, slow: the definition of what the others compute.
    /// </summary>
    public static ComputeDevice Reference { get; } = new("reference");

    /// <summary>The GPU with the most free memory.</summary>
    public static ComputeDevice FreestGpu { get; } = new("cuda:freest");

    /// <summary>
    /// A GPU if one is free, otherwise the processor: for <see cref="RunDirectory.Start"/> alone.
    /// </summary>
    public static ComputeDevice Any { get; } = new("any");

    /// <summary>A GPU by its number.</summary>
    /// <param name="index">As the driver counts, from 0, CUDA_VISIBLE_DEVICES included.</param>
    public static ComputeDevice Gpu(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        return new ComputeDevice($"cuda:{index}");
    }

    /// <summary>
    /// The GPUs of this machine that can be computed on; none where there is no driver.
    /// </summary>
    public static IReadOnlyList<ComputeDevice> Gpus() =>
        Boundary.Run<IReadOnlyList<ComputeDevice>>(() =>
            Devices.list() is { IsOk: true, ResultValue: var found }
                ? [.. found.Where(device => Devices.isUsable(device.Info))
                    .Select(device => Gpu(device.Info.Index))]
                : []);

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
