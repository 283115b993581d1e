using SynthSae.Features;
using SynthSae.Store;
using SynthSae.Terminal;

namespace SynthSae.Dashboard.Features;

/// <summary>What became of the true features in an SAE of a run.</summary>
internal sealed record FeaturesScreen : Screen
{
    /// <summary>Purpose of the text line that asks for a feature.</summary>
    public const string FindPurpose = "feature";

    public override ScreenId Id => ScreenId.Features;

    public override string Title => "Features";

    /// <summary>What is shown.</summary>
    public FeatureTab Tab { get; init; }

    /// <summary>Which SAE of the run, from 0.</summary>
    public int Sae { get; init; }

    /// <summary>
    /// What was asked for last: the run, how it stood, its SAE; null before that.
    /// </summary>
    public (string Run, RunStatus Status, int Sae)? Asked { get; init; }

    /// <summary>What was read; null until it is there.</summary>
    public FeatureView? Content { get; init; }

    /// <summary>The part of the hierarchy that is looked at; null if there is none.</summary>
    public FeatureTreeView? Tree { get; init; }

    /// <summary>Lines of shares that were scrolled over.</summary>
    public int Scrolled { get; init; }

    /// <summary>It has been looked at: what is not is not read either.</summary>
    public bool Entered { get; init; }

    /// <summary>The run that is shown: the one that was chosen, else the newest.</summary>
    public static RunSummary? Shown(Context context) =>
        context.ChosenRun ?? context.Data.Runs.MaxBy(run => (run.Snapshot.Created, run.Id));

    public override IReadOnlyList<Binding> Keys(Context context) => FeaturesKeys.Of(this, context);

    public override Step Update(Msg message, Context context) =>
        message switch
        {
            Msg.Shown => (this with { Entered = true }).Asking(context, always: true),
            Msg.RunsRead => Asking(context, always: false),
            Msg.FeaturesRead read when (read.Run, read.Sae) == (Asked?.Run, Sae) => Take(read.View),
            Msg.Entered { Purpose: FindPurpose, Text: { } text } => Find(text),
            _ => this,
        };

    public override void View(Frame frame, Rect area, Context context) =>
        FeaturesDrawing.Draw(frame, area, this, context);

    /// <summary>Another SAE of the same run.</summary>
    public Step Turn(int by, Context context)
    {
        var count = Math.Max(1, Content?.Saes.Count ?? 1);
        return (this with { Sae = (((Sae + by) % count) + count) % count }).Asking(context, true);
    }

    // While another screen is seen, only the run that was shown is read again: when it has ended.
    private Step Asking(Context context, bool always)
    {
        if (!Entered || Shown(context) is not { } run)
        {
            return this;
        }

        var isSame = Asked?.Run == run.Id;
        if (!always && Asked is not null && !isSame)
        {
            return this;
        }

        var sae = isSame ? Sae : 0;
        if (Asked == (run.Id, run.Status, sae))
        {
            return this;
        }

        var screen = this with { Asked = (run.Id, run.Status, sae), Sae = sae };
        return (isSame ? screen : screen with { Content = null, Tree = null, Scrolled = 0 })
            .With(new Effect.ReadFeatures(run.Id, run.Folder, sae));
    }

    private FeaturesScreen Take(FeatureView view)
    {
        // Another SAE of the same world: what was open there is open here.
        var tree = view.Forest is null ? null
            : Tree?.Over(view.Forest) ?? FeatureTreeView.Of(view.Forest);
        return this with { Content = view, Tree = tree };
    }

    private Step Find(string text) =>
        Tree is null ? this
        : int.TryParse(text, out var feature) && feature >= 0 && feature < Tree.Forest.Rows.Count
            ? this with { Tree = Tree.Select(feature), Tab = FeatureTab.Tree }
            : With(new Effect.Say(
                $"there is no feature \"{text}\": they are numbered from 0 to "
                    + $"{Tree.Forest.Rows.Count - 1}",
                Tone.Warn));
}
