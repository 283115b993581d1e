using System.Diagnostics;

namespace SynthSae.Runs;

/// <summary>Adds up how long each part of a run takes.</summary>
/// <param name="before">Time of earlier sittings.</param>
/// <param name="partsBefore">The same by part.</param>
internal sealed class PhaseClock(
    TimeSpan before, IEnumerable<KeyValuePair<string, TimeSpan>> partsBefore)
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly Dictionary<string, TimeSpan> _parts = new(partsBefore);

    private TimeSpan? _total;

    /// <summary>
    /// Time since the clock was made, until it was stopped, and that of earlier sittings.
    /// </summary>
    public TimeSpan Total => _total ?? before + Stopwatch.GetElapsedTime(_start);

    /// <summary>Parts in the order in which they first occurred.</summary>
    public IReadOnlyDictionary<string, TimeSpan> Parts => _parts;

    /// <summary>Time spent on a part so far.</summary>
    public TimeSpan this[string part] => _parts.GetValueOrDefault(part);

    /// <summary>Count what <paramref name="work"/> takes towards a part.</summary>
    public T Measure<T>(string part, Func<T> work)
    {
        var start = Stopwatch.GetTimestamp();
        try
        {
            return work();
        }
        finally
        {
            Add(part, Stopwatch.GetElapsedTime(start));
        }
    }

    /// <inheritdoc cref="Measure{T}"/>
    public void Measure(string part, Action work) =>
        Measure(part, () =>
        {
            work();
            return true;
        });

    /// <summary>The total stands from now on.</summary>
    public void Stop() => _total ??= Total;

    /// <summary>Count a span that was measured elsewhere.</summary>
    public void Add(string part, TimeSpan span) => _parts[part] = this[part] + span;
}
