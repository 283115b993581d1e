using SynthSae.Store;

namespace SynthSae.Dashboard.Actions;

/// <summary>The keys that change runs; the same wherever runs are shown.</summary>
internal static class ActionKeys
{
    /// <summary>Purpose of the text line that asks for tags.</summary>
    public const string TagPurpose = "tags";

    private const string NoRun = "no run is selected";

    /// <summary>The keys, for the runs that they concern.</summary>
    public static IReadOnlyList<Binding> Of(
        Layer layer, IReadOnlyList<RunSummary> runs, Context context)
    {
        var noRun = context.ReadOnlyReason ?? (runs.Count == 0 ? NoRun : null);
        var pausing = Pausing(runs);
        return
        [
            new("p", "pause, or resume what is not running", () => Ask(layer, pausing, runs))
            {
                Footer = pausing == RunAction.Pause ? "pause" : "resume",
                Unless = noRun ?? Refusal(pausing, runs),
            },
            new("x", "stop: save and end (asks)", () => Ask(layer, RunAction.Stop, runs))
            {
                Footer = "stop",
                Unless = noRun ?? Refusal(RunAction.Stop, runs),
            },
            new("+", "begin before others that wait", () => Ask(layer, RunAction.Sooner, runs))
            {
                Unless = noRun ?? Refusal(RunAction.Sooner, runs),
            },
            new("-", "begin after others that wait", () => Ask(layer, RunAction.Later, runs))
            {
                Unless = noRun ?? Refusal(RunAction.Later, runs),
            },
            new("t", "tag: add words, take away -words", () => AskTags(layer, runs))
            {
                Footer = "tag",
                Unless = noRun,
            },
            new("d", "delete the folder (asks)", () => Ask(layer, RunAction.Remove, runs))
            {
                Unless = noRun ?? Refusal(RunAction.Remove, runs),
            },
        ];
    }

    /// <summary>Whether the key pauses or resumes: what runs is paused first.</summary>
    public static RunAction Pausing(IReadOnlyList<RunSummary> runs) =>
        runs.Any(run => Fits(RunAction.Pause, run.Status)) ? RunAction.Pause : RunAction.Resume;

    /// <summary>The runs to which something can be done.</summary>
    public static IReadOnlyList<RunSummary> Fit(RunAction action, IReadOnlyList<RunSummary> runs) =>
        [.. runs.Where(run => Fits(action, run.Status))];

    /// <summary>Why something can be done to none of them; null if it can.</summary>
    public static string? Refusal(RunAction action, IReadOnlyList<RunSummary> runs)
    {
        if (Fit(action, runs).Count > 0)
        {
            return null;
        }

        var states = string.Join(" or ", runs.Select(run => run.Status.Word()).Distinct());
        return action switch
        {
            RunAction.Pause or RunAction.Resume =>
                $"what is {states} can be neither paused nor resumed",
            RunAction.Stop => $"what is {states} cannot be stopped",
            RunAction.Remove => "what is running is stopped first: x",
            _ => "only queued runs have a place in the queue",
        };
    }

    /// <summary>
    /// The effect of a text line that was entered here; null if it was another's.
    /// </summary>
    public static Effect? Entered(Msg.Entered entered, IReadOnlyList<RunSummary> runs) =>
        entered is { Purpose: TagPurpose, Text: { } words } && words.Trim().Length > 0
            ? new Effect.Tag(Ids(runs), words)
            : null;

    private static bool Fits(RunAction action, RunStatus status) =>
        action switch
        {
            RunAction.Pause or RunAction.Stop => status is RunStatus.Running or RunStatus.Queued,
            RunAction.Resume => status.CanGoOn(),
            RunAction.Remove => status != RunStatus.Running,
            _ => status == RunStatus.Queued,
        };

    private static Step Ask(Layer layer, RunAction action, IReadOnlyList<RunSummary> runs)
    {
        var fit = Fit(action, runs);
        var effect = new Effect.Act(action, Ids(fit));
        return action switch
        {
            RunAction.Stop => Confirm(layer, $"Stop {Names(fit)}?", effect,
                "It saves a checkpoint and the SAE first, and can be resumed."),
            RunAction.Remove => Confirm(layer, $"Delete {Names(fit)}?", effect,
                "The folder goes with all that is in it, for good."),
            RunAction.Pause when fit.Count > 1 => Confirm(layer, $"Pause {Names(fit)}?", effect),
            _ => layer.With(effect),
        };
    }

    private static Step Confirm(
        Layer layer, string question, Effect effect, params string[] details) =>
        layer.With(new Effect.Show(new ConfirmLayer(question, [effect]) { Details = details }));

    private static Step AskTags(Layer layer, IReadOnlyList<RunSummary> runs) =>
        layer.With(new Effect.Show(
            new PromptLayer(TagPurpose, $"tags for {Names(runs)} (-word takes away): ", "")));

    private static string Names(IReadOnlyList<RunSummary> runs) =>
        runs is [var one] ? one.Id : $"{runs.Count} runs";

    private static IReadOnlyList<string> Ids(IReadOnlyList<RunSummary> runs) =>
        [.. runs.Select(run => run.Id)];
}
