namespace SynthSae.Dashboard;

/// <summary>What the model wants to go on.</summary>
internal static class Subscriptions
{
    /// <summary>Each once.</summary>
    public static IReadOnlySet<Subscription> Of(Model model)
    {
        var all = new HashSet<Subscription>
        {
            new Subscription.Clock(model.Interval),
            new Subscription.Runs(model.Interval),
        };
        foreach (var run in model.Screen.Follows(model.Context))
        {
            all.Add(new Subscription.History(run, model.Interval));
        }

        return all;
    }
}
