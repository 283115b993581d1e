using SynthSae.Dashboard.Actions;
using SynthSae.Store;
using SynthSae.Store.Filtering;
using SynthSae.Terminal;

namespace SynthSae.Dashboard.RunList;

/// <summary>The runs, as they stand now.</summary>
internal sealed record RunsScreen : Screen
{
    /// <summary>Purpose of the text line in which one filters.</summary>
    public const string FilterPurpose = "filter";

    private const string SortSetting = "runs.sort";
    private const string GroupSetting = "runs.grouped";

    public override ScreenId Id => ScreenId.Runs;

    public override string Title => "Runs";

    /// <summary>Which there are, and how one looks at them.</summary>
    public RunListModel List { get; init; } = RunListModel.Empty;

    /// <summary>Whether a supervisor lives; null if nobody has looked.</summary>
    public bool? SupervisorLives { get; init; }

    /// <summary>The filter before one began to type.</summary>
    public string FilterBefore { get; init; } = "";

    /// <summary>With what the settings remember.</summary>
    public static RunsScreen Of(ViewSettings settings)
    {
        var list = RunListModel.Empty;
        var words = (settings[SortSetting] ?? "").Split(' ');
        if (RunFields.Find(words[0]) is { } field)
        {
            list = list.With(new RunOrder(field, words is [_, "down"]));
        }

        return new RunsScreen
        {
            List = settings[GroupSetting] == "no" ? list.ToggleGrouping() : list,
        };
    }

    public override IReadOnlyList<Binding> Keys(Context context) => RunsKeys.Of(this, context);

    public override Step Update(Msg message, Context context)
    {
        switch (message)
        {
            case Msg.RunsRead { Runs: var runs }:
                return Reading(this with { List = List.With(runs) });
            case Msg.SpecsRead { Specs: var specs }:
                return this with { List = List.WithSpecs(specs) };
            case Msg.SupervisorSeen { Lives: var lives }:
                return this with { SupervisorLives = lives };
            case Msg.Tick when AnyQueued:
                return With(new Effect.LookForSupervisor());
            case Msg.Typed { Purpose: FilterPurpose, Text: var text }:
                return Filtered(text);
            case Msg.Entered { Purpose: FilterPurpose, Text: var text }:
                return Filtered(text ?? FilterBefore);
            case Msg.Entered entered when ActionKeys.Entered(entered, List.Targets) is { } effect:
                return With(effect);
            default:
                return this;
        }
    }

    public override void View(Frame frame, Rect area, Context context) =>
        RunsView.Draw(frame, area, this, context);

    /// <summary>Other runs are picked.</summary>
    public Step Filtered(string text) =>
        Reading(this with { List = List.With(RunFilter.Parse(text)) });

    /// <summary>Sorted otherwise, which is remembered.</summary>
    public Step Sorted(RunOrder order, Context context) =>
        (this with { List = List.With(order) }).With(new Effect.Set(context.Settings.With(
            SortSetting, $"{order.Field.Name} {(order.Descending ? "down" : "up")}")));

    /// <summary>Runs of a sweep together or not, which is remembered.</summary>
    public Step Grouped(Context context)
    {
        var list = List.ToggleGrouping();
        return (this with { List = list }).With(new Effect.Set(
            context.Settings.With(GroupSetting, list.Grouped ? "yes" : "no")));
    }

    private bool AnyQueued => List.All.Any(run => run.Status == RunStatus.Queued);

    private static Step Reading(RunsScreen screen) =>
        screen.List.SpecsWanted is { Count: > 0 } wanted
            ? screen.With(new Effect.ReadSpecs([.. wanted.Select(run => run.Id)]))
            : screen;
}
