using SynthSae.Store;

namespace SynthSae.Dashboard.Runtime;

/// <summary>Where the messages of subscriptions come from.</summary>
/// <param name="source">The runs.</param>
/// <param name="now">The time (UTC).</param>
internal sealed class Feeds(IRunSource source, Func<DateTime> now)
{
    /// <summary>
    /// Begin a subscription: a function that is called again and again, on one thread at a time,
    /// and how often.
    /// </summary>
    public (TimeSpan Interval, Func<IEnumerable<Msg>> Poll) Open(Subscription subscription) =>
        subscription switch
        {
            Subscription.Clock { Interval: var interval } =>
                (interval, () => [new Msg.Tick(now())]),
            Subscription.Runs { Interval: var interval } => (interval, OfRuns()),
            Subscription.History { Run: var run, Interval: var interval } =>
                (interval, OfHistory(run)),
            _ => throw new ArgumentOutOfRangeException(nameof(subscription)),
        };

    private Func<IEnumerable<Msg>> OfRuns()
    {
        IReadOnlyList<RunSummary>? last = null;
        return Poll;

        IEnumerable<Msg> Poll()
        {
            var runs = source.List();
            if (last is not null && last.SequenceEqual(runs, SameRun.Comparer))
            {
                return [];
            }

            last = runs;
            return [new Msg.RunsRead(runs)];
        }
    }

    private Func<IEnumerable<Msg>> OfHistory(string run)
    {
        IRunTail? tail = null;
        var hasSpec = false;
        return Poll;

        IEnumerable<Msg> Poll()
        {
            tail ??= source.Follow(run);
            if (!hasSpec && source.Spec(run) is { } spec)
            {
                hasSpec = true;
                yield return new Msg.SpecRead(run, spec);
            }

            if (tail?.Read() is { } curves)
            {
                yield return new Msg.HistoryRead(run, curves);
            }
        }
    }
}
