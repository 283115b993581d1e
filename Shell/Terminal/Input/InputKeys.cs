using System.Globalization;
using System.Text;

namespace SynthSae.Terminal.Input;

/// <summary>What the sequences of xterm, VT220, the Linux console and their like mean.</summary>
internal static class InputKeys
{
    private static readonly KeyCode?[] Tilde =
    [
        null, KeyCode.Home, KeyCode.Insert, KeyCode.Delete, KeyCode.End, KeyCode.PgUp, KeyCode.PgDn,
        KeyCode.Home, KeyCode.End, null, null, KeyCode.F1, KeyCode.F2, KeyCode.F3, KeyCode.F4,
        KeyCode.F5, null, KeyCode.F6, KeyCode.F7, KeyCode.F8, KeyCode.F9, KeyCode.F10, null,
        KeyCode.F11, KeyCode.F12,
    ];

    /// <summary>A character, or a key that sends a control character.</summary>
    public static Key OfRune(Rune rune) =>
        rune.Value switch
        {
            '\r' or '\n' => new Key(KeyCode.Enter),
            '\t' => new Key(KeyCode.Tab),
            0x08 or 0x7f => new Key(KeyCode.Backspace),
            0x1b => new Key(KeyCode.Esc),
            0 => Key.Of(' ') with { Ctrl = true },
            < 0x1b => Key.Of((char)(rune.Value + 'a' - 1)) with { Ctrl = true },
            < 0x20 => Key.Of((char)(rune.Value + '@')) with { Ctrl = true },
            _ => new Key(KeyCode.Character, rune.ToString()),
        };

    /// <summary>CSI body and its last letter.</summary>
    public static Key? OfControl(string body, char last)
    {
        // F1 to F5 of the Linux console.
        if (body == "[")
        {
            return last is >= 'A' and <= 'E' ? new Key(KeyCode.F1 + (last - 'A')) : null;
        }

        var numbers = body.Split(';').Select(Number).ToArray();
        return last switch
        {
            '~' => Tilde.ElementAtOrDefault(numbers[0]) is { } code
                ? Held(new Key(code), numbers)
                : null,
            'u' when Rune.IsValid(numbers[0]) => Held(OfRune(new Rune(numbers[0])), numbers),
            'Z' => new Key(KeyCode.Tab, Shift: true),
            _ => OfLetter(last, numbers),
        };
    }

    /// <summary>The letter that ends a sequence of a key.</summary>
    public static Key? OfLetter(char last, int[] numbers)
    {
        KeyCode? code = last switch
        {
            'A' => KeyCode.Up,
            'B' => KeyCode.Down,
            'C' => KeyCode.Right,
            'D' => KeyCode.Left,
            'H' => KeyCode.Home,
            'F' => KeyCode.End,
            'M' => KeyCode.Enter,
            'P' => KeyCode.F1,
            'Q' => KeyCode.F2,
            'R' => KeyCode.F3,
            'S' => KeyCode.F4,
            _ => null,
        };
        return code is { } known ? Held(new Key(known), numbers) : null;
    }

    /// <summary>A mouse report in the form of SGR.</summary>
    public static MousePress? Mouse(string body, char last)
    {
        var numbers = body.Split(';').Select(Number).ToArray();
        if (last != 'M' || numbers.Length != 3 || numbers[1] < 1 || numbers[2] < 1)
        {
            return null;
        }

        MouseAction? action = numbers[0] switch
        {
            0 => MouseAction.Click,
            64 => MouseAction.WheelUp,
            65 => MouseAction.WheelDown,
            _ => null,
        };
        return action is { } known ? new MousePress(known, numbers[1] - 1, numbers[2] - 1) : null;
    }

    // The second number is 1 and a bit for each key that was held.
    private static Key Held(Key key, int[] numbers)
    {
        var held = numbers.Length > 1 && numbers[1] > 1 ? numbers[1] - 1 : 0;
        return key with
        {
            Shift = key.Shift || (key.Code != KeyCode.Character && (held & 1) != 0),
            Alt = key.Alt || (held & 2) != 0,
            Ctrl = key.Ctrl || (held & 4) != 0,
        };
    }

    private static int Number(string digits) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : 0;
}
