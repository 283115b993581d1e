using System.Diagnostics;
using SynthSae.Runs;

namespace SynthSae.Progress;

/// <summary>
/// Keeps the figures that a display shows; written by the run's thread, read by any.
/// </summary>
/// <param name="latents">L of each SAE.</param>
internal sealed class ProgressTracker(IReadOnlyList<int> latents)
{
    private const double Smoothing = 0.05;
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly Queue<(long Time, long Samples)> _pace = new();
    private RunPhase _phase;
    private string _what = "";
    private long _phaseStart = Stopwatch.GetTimestamp();
    private IReadOnlyList<StepProgress>? _smooth;
    private (long Done, long All) _scored;

    /// <summary>A phase begins.</summary>
    public void Phase(RunPhase phase, string what)
    {
        lock (_lock)
        {
            (_phase, _what, _phaseStart) = (phase, what, Stopwatch.GetTimestamp());
            _scored = default;
            _pace.Clear();
        }
    }

    /// <summary>Every SAE has taken a step.</summary>
    public void Step(IReadOnlyList<StepProgress> saes)
    {
        var progress = saes[0];
        lock (_lock)
        {
            _smooth = _smooth is { } before ? [.. before.Zip(saes, Mix)] : saes;
            if (_pace.Count == 0)
            {
                // The samples before this batch: a run that goes on does not begin at 0.
                var first = progress.Samples - progress.Samples / progress.Step;
                _pace.Enqueue((_phaseStart, first));
            }

            _pace.Enqueue((Stopwatch.GetTimestamp(), progress.Samples));
            while (_pace.Count > 2 && Stopwatch.GetElapsedTime(_pace.Peek().Time) > Window)
            {
                _pace.Dequeue();
            }
        }
    }

    /// <summary>So many samples of a scoring are done.</summary>
    public void Scoring(long done, long samples)
    {
        lock (_lock)
        {
            _scored = (done, samples);
        }
    }

    /// <summary>The figures at this moment.</summary>
    public ProgressState Snapshot()
    {
        lock (_lock)
        {
            return new ProgressState(
                _phase,
                _what,
                Stopwatch.GetElapsedTime(_phaseStart),
                _scored.All == 0 ? 0 : (double)_scored.Done / _scored.All,
                _smooth is { } smooth ? new TrainingFigures(smooth, latents, Pace()) : null);
        }
    }

    private double Pace()
    {
        if (_pace.Count == 0)
        {
            return 0;
        }

        var (first, last) = (_pace.Peek(), _pace.Last());
        var seconds = Stopwatch.GetElapsedTime(first.Time, last.Time).TotalSeconds;
        return seconds > 0 ? (last.Samples - first.Samples) / seconds : 0;
    }

    private static StepProgress Mix(StepProgress before, StepProgress now)
    {
        // The first steps change too quickly for a long average.
        var share = Math.Max(Smoothing, 1.0 / now.Step);
        double Average(double old, double next) => old + share * (next - old);
        return now with
        {
            Loss = Average(before.Loss, now.Loss),
            Mse = Average(before.Mse, now.Mse),
            L0 = Average(before.L0, now.L0),
            R2 = Average(before.R2, now.R2),
        };
    }
}
