namespace SynthSae.Terminal.Input;

/// <summary>What came in from a terminal.</summary>
internal abstract record InputEvent
{
    private InputEvent()
    {
    }

    /// <summary>A key.</summary>
    public sealed record Pressed(Key Key) : InputEvent;

    /// <summary>The mouse.</summary>
    public sealed record Moused(MousePress Press) : InputEvent;

    /// <summary>Text that was pasted; it is never taken for keys.</summary>
    public sealed record Pasted(string Text) : InputEvent;
}
