using SynthSae.Terminal;

namespace SynthSae.Dashboard;

/// <summary>
/// Something to be done. The first ones concern the model alone; the others are done at the edge,
/// by whoever handles them, and come back as messages. The parts of the dashboard add their cases
/// in files of their own.
/// </summary>
internal abstract partial record Effect
{
    private Effect()
    {
    }

    /// <summary>Go to a screen; Esc comes back.</summary>
    public sealed record Go(ScreenId Screen) : Effect;

    /// <summary>Go back to the screen before.</summary>
    public sealed record Back : Effect;

    /// <summary>Put a layer over the screen: a question, a text line, help.</summary>
    public sealed record Show(Layer Layer) : Effect;

    /// <summary>Take the uppermost layer away.</summary>
    public sealed record Close : Effect;

    /// <summary>Say something in the line of messages.</summary>
    public sealed record Say(string Text, Tone Tone = Tone.Plain) : Effect;

    /// <summary>Make a run the one that the screens show.</summary>
    public sealed record Choose(string? Run) : Effect;

    /// <summary>Mark runs for comparison, instead of those that are.</summary>
    public sealed record Mark(IReadOnlyList<string> Runs) : Effect;

    /// <summary>Change the settings, and keep them.</summary>
    public sealed record Set(ViewSettings Settings) : Effect;

    /// <summary>Give a message to the screen, as if it had come from outside.</summary>
    public sealed record Post(Msg Message) : Effect;

    /// <summary>Leave the dashboard; the runs go on.</summary>
    public sealed record Quit : Effect;

    /// <summary>Stop the program until the shell lets it go on.</summary>
    public sealed record Suspend : Effect;

    /// <summary>Draw every cell again.</summary>
    public sealed record Redraw : Effect;
}
