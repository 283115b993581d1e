using SynthSae.Terminal;
using SynthSae.Terminal.Input;

namespace SynthSae.Dashboard;

/// <summary>
/// Something that happened. All of it goes through one queue and one function; the parts of the
/// dashboard add their cases in files of their own.
/// </summary>
internal abstract partial record Msg
{
    private Msg()
    {
    }

    /// <summary>A key was pressed.</summary>
    public sealed record Pressed(Key Key) : Msg;

    /// <summary>The mouse was used.</summary>
    public sealed record Moused(MousePress Press) : Msg;

    /// <summary>Text was pasted.</summary>
    public sealed record Pasted(string Text) : Msg;

    /// <summary>The terminal has this size, from now on.</summary>
    public sealed record Resized(Size Size) : Msg;

    /// <summary>Time went on (UTC).</summary>
    public sealed record Tick(DateTime Now) : Msg;

    /// <summary>The program was stopped and goes on, or the screen was spoilt by others.</summary>
    public sealed record Resumed : Msg;

    /// <summary>Text for the line of messages.</summary>
    public sealed record Said(string Text, Tone Tone = Tone.Plain) : Msg;

    /// <summary>A text line was changed, but not yet entered.</summary>
    /// <param name="Purpose">As its <see cref="PromptLayer"/> was given.</param>
    /// <param name="Text">As it is now.</param>
    public sealed record Typed(string Purpose, string Text) : Msg;

    /// <summary>A text line was entered, or given up.</summary>
    /// <param name="Purpose">As its <see cref="PromptLayer"/> was given.</param>
    /// <param name="Text">What was entered; null if it was given up.</param>
    public sealed record Entered(string Purpose, string? Text) : Msg;

    /// <summary>The layer above was closed, or the screen was entered.</summary>
    public sealed record Shown : Msg;
}
