namespace SynthSae.Terminal.Input;

/// <summary>The keys that have names; all others are characters.</summary>
internal enum KeyCode
{
    /// <summary>A letter, with its accents.</summary>
    Character,
    Enter,
    Esc,
    Tab,
    Backspace,
    Delete,
    Insert,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PgUp,
    PgDn,
    F1,
    F2,
    F3,
    F4,
    F5,
    F6,
    F7,
    F8,
    F9,
    F10,
    F11,
    F12,
}
