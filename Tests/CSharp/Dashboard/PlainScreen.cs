using SynthSae.Dashboard;
using SynthSae.Terminal;

namespace SynthSae.Tests.Dashboard;

/// <summary>A screen that counts what happens to it.</summary>
internal sealed record PlainScreen(ScreenId Place) : Screen
{
    public int Number { get; init; }

    public string Filter { get; init; } = "";

    public string? Entered { get; init; }

    public string? Seen { get; init; }

    public int Heard { get; init; }

    public override ScreenId Id => Place;

    public override string Title => $"{Place}";

    public override IEnumerable<string> Follows(Context context) =>
        Place == ScreenId.Run && context.Chosen is { } run ? [run] : [];

    public override IReadOnlyList<Binding> Keys(Context context) =>
    [
        new("j Down", "more", () => this with { Number = Number + 1 }) { Footer = "more" },
        new("k Up", "less", () => this with { Number = Number - 1 })
        {
            Footer = "less",
            Unless = Number == 0 ? "there is nothing left" : null,
        },
        new("h Left", "left", () => With(new Effect.Say("left"))),
        new("/", "filter", () => With(new Effect.Show(new PromptLayer("filter", "/", Filter)))) { Footer = "filter" },
        new("d", "remove", () => With(new Effect.Show(new ConfirmLayer("Remove it?", [new Effect.Say("removed")]))))
        {
            Unless = context.ReadOnlyReason,
        },
        new("Enter", "open", () => With(new Effect.Choose("a"), new Effect.Go(ScreenId.Run))),
        new("x", "a bug", () => throw new InvalidOperationException("x is broken")),
    ];

    public override Step Update(Msg message, Context context) =>
        message switch
        {
            Msg.Typed { Purpose: "filter", Text: var text } => this with { Filter = text },
            Msg.Entered { Purpose: "filter", Text: var text } => this with { Entered = text, Filter = text ?? "" },
            Msg.Pressed { Key: var key } => this with { Seen = $"{key}" },
            Msg.RunsRead => this with { Heard = Heard + 1 },
            _ => this,
        };

    public override void View(Frame frame, Rect area, Context context) =>
        frame.PutLine(area, 0, $"{Place} {Number} [{Filter}] {context.Data.Runs.Count} runs");
}
