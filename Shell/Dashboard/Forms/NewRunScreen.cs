using SynthSae.Terminal;
using SynthSae.Terminal.Input;
using SynthSae.Terminal.Tables;

namespace SynthSae.Dashboard.Forms;

/// <summary>A form that starts a run in the background.</summary>
internal sealed record NewRunScreen : Screen
{
    /// <summary>Purpose of the text line for any field.</summary>
    public const string AnyPurpose = "path=value";

    private const int Page = 10;

    /// <summary>What is being made up.</summary>
    public RunDraft Draft { get; init; } = RunDraft.Of(Core.PresetList.Find("small")?.Name ?? Core.PresetList.Names.First());

    /// <summary>The line that keys act on.</summary>
    public int Selected { get; init; }

    /// <summary>All fields are shown, not only those that most runs change.</summary>
    public bool ShowsAll { get; init; }

    /// <summary>What is being typed into the selected field; null if nothing.</summary>
    public TextLine? Editing { get; init; }

    public override ScreenId Id => ScreenId.NewRun;

    public override string Title => "New";

    public override bool TakesText => Editing is not null;

    /// <summary>The lines of the form: common ones, then all others or those that were changed.</summary>
    public IReadOnlyList<DraftField> Fields
    {
        get
        {
            var common = DraftField.Common.Where(one =>
                one.IsAlways || Draft.Fields.ContainsKey(one.Path) || Draft.IsChanged(one)).ToList();
            var known = common.Select(one => one.Path).ToHashSet();
            var others = ShowsAll ? Draft.Fields.Keys : [];
            return
            [
                .. common,
                .. others
                    .Concat(Draft.Changes.Select(change => change.Path))
                    .Where(path => known.Add(path))
                    .Select(path => DraftField.Of(path, path, "")),
            ];
        }
    }

    private DraftField Field => Fields[Math.Clamp(Selected, 0, Fields.Count - 1)];

    public override IReadOnlyList<Binding> Keys(Context context) =>
    [
        new("Enter", "change the field, or enter what was typed", Enter) { Footer = Editing is null ? "change" : "enter" },
        new("Tab j Down", "the next field", () => Moved(1)) { Footer = "next" },
        new("Shift-Tab k Up", "the field before", () => Moved(-1)),
        new("PgDn", "a page down", () => Moved(Page)),
        new("PgUp", "a page up", () => Moved(-Page)),
        new("g Home", "the first field", () => Moved(-Fields.Count)) { Unless = WhileTyping },
        new("G End", "the last field", () => Moved(Fields.Count)) { Unless = WhileTyping },
        new("l Right Space", "the next choice", () => Chosen(1)) { Unless = NoChoice },
        new("h Left", "the choice before", () => Chosen(-1)) { Unless = NoChoice },
        new("x Delete", "as the preset has it", () => Set(Field.Path, ""))
        {
            Unless = Draft.IsChanged(Field) ? WhileTyping : "the field is as the preset has it",
        },
        new("a", "all fields, or those that most runs change", () => this with { ShowsAll = !ShowsAll, Selected = 0 })
        {
            Footer = ShowsAll ? "fewer" : "all fields",
            Unless = WhileTyping,
        },
        new(":", "set any field: path=value", () =>
            With(new Effect.Show(new PromptLayer(AnyPurpose, "path=value: ", ""))))
        {
            Footer = "path=value",
            Unless = WhileTyping,
        },
        new("s F5", "start the run in the background", Start)
        {
            Footer = "start",
            Unless = context.ReadOnlyReason ?? WhileTyping ?? (Draft.Plan is null ? "the run has errors" : null),
        },
        new("Esc", "leave the field as it was, or the form", () =>
            Editing is null ? With(new Effect.Back()) : this with { Editing = null }),
    ];

    public override Step Update(Msg message, Context context) =>
        message switch
        {
            Msg.Pressed { Key: var key } when Editing?.Press(key) is { } line => this with { Editing = line },
            Msg.Pasted { Text: var text } when Editing is { } line => this with { Editing = line.Insert(text) },
            Msg.Entered { Purpose: AnyPurpose, Text: { Length: > 0 } text } => SetAny(text),
            Msg.RunStarted { Run: var run } =>
                With(new Effect.Say($"started {run}", Tone.Good)),
            _ => this,
        };

    public override void View(Frame frame, Rect area, Context context) => NewRunView.Draw(frame, area, this);

    /// <summary>The draft with what is being typed: errors are told as one types.</summary>
    public RunDraft Shown => Editing is { } line ? Draft.With(Field.Path, line.Text) : Draft;

    private string? WhileTyping => Editing is null ? null : "a field is being changed";

    private string? NoChoice =>
        WhileTyping ?? (Field.Choices.Count == 0 ? "this field is typed: Enter" : null);

    private Step Enter() =>
        Editing is { } line ? Set(Field.Path, line.Text)
        : Field.Choices.Count > 0 ? Chosen(1)
        : this with { Editing = new TextLine(Draft.Value(Field)) };

    private NewRunScreen Moved(int by)
    {
        var entered = Editing is { } line ? Set(Field.Path, line.Text) : this;
        return entered with { Selected = Table.Move(Selected, by, entered.Fields.Count) };
    }

    private NewRunScreen Chosen(int by)
    {
        var choices = Field.Choices;
        var at = choices.ToList().IndexOf(Draft.Value(Field));
        return Set(Field.Path, choices[(at + by + choices.Count) % choices.Count]);
    }

    private NewRunScreen Set(string path, string value)
    {
        var draft = value == Draft.Value(DraftField.Of(path, path, "")) ? Draft : Draft.With(path, value);
        var next = this with { Draft = draft, Editing = null };
        return next with { Selected = Math.Clamp(Selected, 0, next.Fields.Count - 1) };
    }

    private Step SetAny(string text)
    {
        if (text.IndexOf('=') is not (> 0 and var at))
        {
            return With(new Effect.Say("must have the form path=value", Tone.Warn));
        }

        var next = Set(text[..at].Trim(), text[(at + 1)..]);
        var place = next.Fields.ToList().FindIndex(field => field.Path == text[..at].Trim());
        return next with { Selected = Math.Max(0, place) };
    }

    private Step Start() => With(new Effect.Start(Draft.Preset, Draft.Settings, Draft.Device));
}
