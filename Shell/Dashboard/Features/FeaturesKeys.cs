using System.Collections.Immutable;
using SynthSae.Features;
using SynthSae.Store;

namespace SynthSae.Dashboard.Features;

/// <summary>The keys of the screen of features.</summary>
internal static class FeaturesKeys
{
    private const int Far = 1 << 30;
    private const string NotTree = "that is for the tree: Tab";
    private const string NothingRead = "there are no features to look at";

    private static readonly FeatureVerdict[] Lost =
        [FeatureVerdict.Absorbed, FeatureVerdict.Missed];

    /// <summary>As the screen is now.</summary>
    public static IReadOnlyList<Binding> Of(FeaturesScreen screen, Context context) =>
    [
        .. Tabs(screen),
        .. Moves(screen, context),
        .. Nodes(screen),
        .. Jumps(screen),
        .. Others(screen, context),
    ];

    private static IEnumerable<Binding> Tabs(FeaturesScreen screen)
    {
        var count = Enum.GetValues<FeatureTab>().Length;
        Step Turn(int by) =>
            screen with { Tab = (FeatureTab)(((int)screen.Tab + by + count) % count) };
        return
        [
            new("Tab", "shares, tree, map of cosines", () => Turn(1)) { Footer = "tab" },
            new("Shift-Tab", "the same backwards", () => Turn(-1)),
        ];
    }

    private static IEnumerable<Binding> Moves(FeaturesScreen screen, Context context)
    {
        var page = Math.Max(1, FeaturesDrawing.Rows(screen, context) - 1);
        Step Move(int by) =>
            screen.Tab == FeatureTab.Tree && screen.Tree is { } tree
                ? screen with { Tree = tree.Move(by) }
                : screen.Tab == FeatureTab.Shares
                    ? screen with { Scrolled = SharesDrawing.Scroll(screen, context, by) }
                    : screen;
        return
        [
            new("j Down", "down", () => Move(1)),
            new("k Up", "up", () => Move(-1)),
            new("PgDn Ctrl-f", "a page down", () => Move(page)),
            new("PgUp Ctrl-b", "a page up", () => Move(-page)),
            new("g Home", "to the top", () => Move(-Far)),
            new("G End", "to the end", () => Move(Far)),
        ];
    }

    private static IEnumerable<Binding> Nodes(FeaturesScreen screen)
    {
        Binding Key(
            string names,
            string help,
            Func<FeatureTreeView, FeatureTreeView> change,
            string? footer = null) =>
            OfTree(screen, names, help, tree => screen with { Tree = change(tree) }, footer);
        return
        [
            Key("l Right", "open a node; then into it", tree => tree.Enter()),
            Key("h Left", "shut a node; then to the one above", tree => tree.Leave()),
            Key("Enter Space", "open or shut a node", tree => tree.Toggle(), "open"),
            Key("e", "open all nodes", tree => tree.All(true)),
            Key("E", "shut all nodes", tree => tree.All(false)),
            Key(
                "f",
                "only recovered, split, absorbed, missed; all",
                tree => Filter(tree, 1),
                "filter"),
            Key("F", "the same backwards", tree => Filter(tree, -1)),
        ];
    }

    private static IEnumerable<Binding> Jumps(FeaturesScreen screen)
    {
        Binding Key(
            string names,
            string help,
            bool forward,
            string? footer,
            params FeatureVerdict[] verdicts) =>
            OfTree(
                screen,
                names,
                help,
                tree => tree.Next(verdicts, forward) is var next && ReferenceEquals(next, tree)
                    ? screen.With(new Effect.Say("there is none", Tone.Warn))
                    : screen with { Tree = next },
                footer);
        return
        [
            Key("n", "the next feature that is absorbed or missed", true, "lost", Lost),
            Key("N", "the one before", false, null, Lost),
            Key("a", "the next absorbed feature", true, "absorbed", FeatureVerdict.Absorbed),
            Key("A", "the one before", false, null, FeatureVerdict.Absorbed),
            Key("s", "the next split feature", true, null, FeatureVerdict.Split),
            Key("S", "the one before", false, null, FeatureVerdict.Split),
            new("/", "go to a feature by its number", () => screen.With(
                new Effect.Show(new PromptLayer(FeaturesScreen.FindPurpose, "feature ", ""))))
            {
                Unless = screen.Tree is null ? NothingRead : null,
            },
        ];
    }

    private static IEnumerable<Binding> Others(FeaturesScreen screen, Context context)
    {
        var single = (screen.Content?.Saes.Count ?? 0) < 2 ? "the run has one SAE" : null;
        return
        [
            new("]", "the next SAE of the run", () => screen.Turn(1, context))
            {
                Unless = single,
                Footer = "SAE",
            },
            new("[", "the SAE before", () => screen.Turn(-1, context)) { Unless = single },
            new("J >", "the next run", () => Other(screen, context, 1)),
            new("K <", "the run before", () => Other(screen, context, -1)),
        ];
    }

    private static Binding OfTree(
        FeaturesScreen screen,
        string names,
        string help,
        Func<FeatureTreeView, Step> act,
        string? footer) =>
        new(names, help, () => act(screen.Tree!))
        {
            Footer = footer,
            Unless = screen.Tab != FeatureTab.Tree ? NotTree
                : screen.Tree is null ? NothingRead
                : null,
        };

    private static FeatureTreeView Filter(FeatureTreeView tree, int by)
    {
        var count = FeatureVerdicts.All.Count + 1;
        var at = ((tree.Only is { } verdict ? (int)verdict + 1 : 0) + by + count) % count;
        return tree.Show(at == 0 ? null : (FeatureVerdict)(at - 1));
    }

    private static Step Other(FeaturesScreen screen, Context context, int by)
    {
        var ids = context.Data.Runs.Select(run => run.Id).ToImmutableArray();
        var at = FeaturesScreen.Shown(context) is { } run ? ids.IndexOf(run.Id) : -1;
        return at < 0
            ? screen
            : screen.With(
                new Effect.Choose(ids[Math.Clamp(at + by, 0, ids.Length - 1)]),
                new Effect.Post(new Msg.Shown()));
    }
}
