using System.Diagnostics;

namespace SynthSae.Supervision;

/// <summary>Waits for runs that were asked to end.</summary>
internal static class Endings
{
    /// <summary>How long one waits who has nothing better to do.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    /// <summary>Go on with all until they are done; false if that takes too long.</summary>
    public static bool Wait(IReadOnlyList<Ending> endings, TimeSpan patience)
    {
        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            foreach (var ending in endings.Where(ending => !ending.IsDone))
            {
                ending.Advance();
            }

            if (endings.All(ending => ending.IsDone))
            {
                return true;
            }

            if (Stopwatch.GetElapsedTime(start) >= patience)
            {
                return false;
            }

            Thread.Sleep(Interval);
        }
    }
}
