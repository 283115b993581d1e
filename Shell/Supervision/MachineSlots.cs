using SynthSae.Compute.Cuda;

namespace SynthSae.Supervision;

/// <summary>The slots of this machine, and what each may use of it.</summary>
/// <param name="cpuSlots">Runs that share the processor.</param>
/// <param name="cores">Processors that may be used.</param>
internal sealed class MachineSlots(int cpuSlots, int cores)
{
    // The driver is asked only when a run wants a GPU.
    private readonly Lazy<IReadOnlyList<Slot>> _gpus = new(Gpus);

    /// <summary>All slots, those of GPUs only if somebody wants one.</summary>
    public IReadOnlyList<Slot> All(bool gpus) =>
    [
        .. gpus ? _gpus.Value : [],
        .. Enumerable.Range(0, cpuSlots).Select(number => new Slot(false, number)),
    ];

    /// <summary>
    /// Threads of a run on a slot: the processor in equal shares for the slots of its kind.
    /// </summary>
    public int Threads(Slot slot) =>
        Math.Max(1, cores / Math.Max(1, slot.IsGpu ? _gpus.Value.Count : cpuSlots));

    /// <summary>
    /// The GPUs that can be computed on; none is opened, which would take memory.
    /// </summary>
    public static IReadOnlyList<Slot> Gpus() =>
        Devices.describe() is { IsOk: true, ResultValue: var found }
            ? [.. found.Where(Devices.isUsable).Select(gpu => new Slot(true, gpu.Index))]
            : [];

    public override string ToString() =>
        $"{cpuSlots} {(cpuSlots == 1 ? "slot" : "slots")} on the processor, and the GPUs";
}
