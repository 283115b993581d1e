namespace SynthSae.Terminal.Input;

/// <summary>What a mouse did.</summary>
internal enum MouseAction
{
    Click,
    WheelUp,
    WheelDown,
}

/// <summary>Something done with the mouse at a cell, counted from 0.</summary>
internal readonly record struct MousePress(MouseAction Action, int Column, int Row);
