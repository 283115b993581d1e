using System.Diagnostics;

namespace SynthSae.Runs;

/// <summary>Adds up how long each part of a run takes.</summary>
public sealed class PhaseClock
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly Dictionary<string, TimeSpan> _parts = [];

    /// <summary>Time since the clock was made.</summary>
    public TimeSpan Total => Stopwatch.GetElapsedTime(_start);

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

    /// <summary>Count a span that was measured elsewhere.</summary>
    public void Add(string part, TimeSpan span) => _parts[part] = this[part] + span;
}
