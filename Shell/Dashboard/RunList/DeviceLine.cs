using SynthSae.Formatting;
using SynthSae.Store;
using SynthSae.Store.Filtering;

namespace SynthSae.Dashboard.RunList;

/// <summary>What computes where, by what the runs say.</summary>
internal static class DeviceLine
{
    /// <summary>
    /// One text for each device with a running run: "cuda:0 91% 12.1 GiB: topk-4096-k25 47%".
    /// </summary>
    public static IReadOnlyList<string> Of(IReadOnlyList<RunSummary> runs, int nameWidth) =>
    [
        .. runs.Where(run => run.Status == RunStatus.Running)
            .OrderBy(run => run.Snapshot.Device, StringComparer.Ordinal)
            .ThenBy(run => run.Id, StringComparer.Ordinal)
            .Select(run => Of(run, nameWidth)),
    ];

    /// <summary>How busy the device of a run is: "91% 12.1 GiB", "3.8 cores 1.2 GiB".</summary>
    public static string Load(RunSnapshot run)
    {
        var onGpu = run.Device?.StartsWith("cuda", StringComparison.Ordinal) == true;
        var parts = new List<string>();
        if (onGpu && !double.IsNaN(run.GpuShare))
        {
            parts.Add($"{run.GpuShare * 100:0}%");
        }

        if (onGpu && run.GpuBytes >= 0)
        {
            parts.Add(Numbers.Bytes(run.GpuBytes));
        }

        if (!onGpu && !double.IsNaN(run.CpuShare))
        {
            parts.Add(FormattableString.Invariant($"{run.CpuShare:0.0} cores"));
        }

        if (!onGpu && run.ResidentBytes >= 0)
        {
            parts.Add(Numbers.Bytes(run.ResidentBytes));
        }

        return string.Join(' ', parts);
    }

    /// <summary>What a run on a GPU takes of the processor; empty for others.</summary>
    public static string Host(RunSnapshot run) =>
        run.Device?.StartsWith("cuda", StringComparison.Ordinal) == true
            && !double.IsNaN(run.CpuShare)
            ? FormattableString.Invariant($"{run.CpuShare:0.0} cores")
                + (run.ResidentBytes >= 0 ? $" {Numbers.Bytes(run.ResidentBytes)}" : "")
            : "";

    private static string Of(RunSummary run, int nameWidth)
    {
        var load = Load(run.Snapshot);
        var percent = Advance.Percent(RunProgress.Share(run.Snapshot));
        var name = Terminal.Measure.Truncate(ShortName.Of(run), nameWidth);
        return $"{run.Snapshot.Device ?? "cpu"}{(load.Length > 0 ? " " : "")}{load}: "
            + $"{name} {percent}";
    }
}
