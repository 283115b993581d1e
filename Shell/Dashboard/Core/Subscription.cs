namespace SynthSae.Dashboard;

/// <summary>
/// Something that goes on as long as the model wants it. Those that are new after a message are
/// begun, those that are gone are ended.
/// </summary>
internal abstract partial record Subscription
{
    private Subscription()
    {
    }

    /// <summary>The time, again and again.</summary>
    public sealed record Clock(TimeSpan Interval) : Subscription;

    /// <summary>The list of all runs.</summary>
    public sealed record Runs(TimeSpan Interval) : Subscription;

    /// <summary>The history of a run, and once its specification.</summary>
    public sealed record History(string Run, TimeSpan Interval) : Subscription;
}
