using System.Diagnostics;

namespace SynthSae.Runs;

/// <summary>What this process takes of the machine.</summary>
internal sealed class ProcessLoad
{
    private long _time = Stopwatch.GetTimestamp();
    private TimeSpan _used = Environment.CpuUsage.TotalTime;
    private double _share = double.NaN;

    /// <summary>Memory that it occupies, in bytes.</summary>
    public static long ResidentBytes => Environment.WorkingSet;

    /// <summary>
    /// Processor time over time since this was last asked for: 2 for two cores at work; NaN the
    /// first time.
    /// </summary>
    public double TakeCpuShare()
    {
        var (now, used) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        var passed = Stopwatch.GetElapsedTime(_time, now);
        // Processor time is counted in steps of the scheduler's clock.
        if (passed.TotalSeconds > 0.1)
        {
            _share = Math.Round((used - _used) / passed, 3);
            (_time, _used) = (now, used);
        }

        return _share;
    }
}
