using SynthSae.Core;
using SynthSae.Runs;

namespace SynthSae.Api;

/// <summary>
/// Events of a run on their way to a reader who may be slow: the run never waits, and what waits is
/// bounded.
/// </summary>
internal sealed class EventQueue : IRunObserver, IDisposable
{
    /// <summary>Events that may wait.</summary>
    public const int Most = 1024;

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _filled = new(0);
    private List<TrainingEvent> _waiting = [];
    private long _skipped;
    private bool _isComplete;

    public void Phase(RunPhase phase, string what) =>
        Add(new TrainingEvent.PhaseStarted(
            phase switch
            {
                RunPhase.Training => TrainingPhase.Training,
                RunPhase.Evaluation => TrainingPhase.Evaluating,
                _ => TrainingPhase.PreparingData,
            },
            what));

    public void Step(IReadOnlyList<StepProgress> saes)
    {
        var first = saes[0];
        Replace(new TrainingEvent.Progressed(
            first.Step, first.Steps, first.Samples, [.. saes.Select(SaeProgress.Of)]));
    }

    public void Scoring(long done, long samples) =>
        Replace(new TrainingEvent.ScoringProgressed(done, samples));

    public void Evaluated(SaePlan sae, long step, Scores scores) =>
        Add(new TrainingEvent.Evaluated(sae.Index, step, SaeEvaluation.Of(scores)));

    public void Note(string text) => Add(new TrainingEvent.Noted(text));

    /// <summary>There will be no more.</summary>
    public void Complete()
    {
        lock (_lock)
        {
            _isComplete = true;
            Signal();
        }
    }

    /// <summary>
    /// Everything that waits, once there is something; empty when there will be no more.
    /// </summary>
    public async Task<IReadOnlyList<TrainingEvent>> ReadAsync()
    {
        while (true)
        {
            await _filled.WaitAsync().ConfigureAwait(false);
            lock (_lock)
            {
                if (_waiting.Count > 0 || _isComplete)
                {
                    return Take();
                }
            }
        }
    }

    public void Dispose() => _filled.Dispose();

    private List<TrainingEvent> Take()
    {
        var taken = _waiting;
        if (_skipped > 0)
        {
            taken.Insert(0, new TrainingEvent.Skipped(_skipped));
        }

        (_waiting, _skipped) = ([], 0);
        if (_isComplete)
        {
            Signal();
        }

        return taken;
    }

    // Of events that overtake their like only the newest waits.
    private void Replace<T>(T happened)
        where T : TrainingEvent
    {
        lock (_lock)
        {
            if (_waiting.FindLastIndex(waiting => waiting is T) is >= 0 and var at)
            {
                _waiting.RemoveAt(at);
            }

            Add(happened);
        }
    }

    private void Add(TrainingEvent happened)
    {
        lock (_lock)
        {
            if (_waiting.Count == Most)
            {
                _waiting.RemoveAt(0);
                _skipped++;
            }

            _waiting.Add(happened);
            Signal();
        }
    }

    private void Signal()
    {
        if (_filled.CurrentCount == 0)
        {
            _filled.Release();
        }
    }
}
