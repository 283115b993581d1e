namespace SynthSae.Terminal.Input;

/// <summary>A key that was pressed, with the keys that were held.</summary>
/// <param name="Code">Which.</param>
/// <param name="Text">The character of <see cref="KeyCode.Character"/>; else empty.</param>
/// <param name="Ctrl">Held.</param>
/// <param name="Alt">Held.</param>
/// <param name="Shift">Held, where the character does not tell.</param>
internal readonly record struct Key(
    KeyCode Code, string Text = "", bool Ctrl = false, bool Alt = false, bool Shift = false)
{
    private const string SpaceName = "Space";

    /// <summary>A character.</summary>
    public static Key Of(char letter) => new(KeyCode.Character, Cell.Of(letter));

    /// <summary>A character that is typed into a text.</summary>
    public bool IsText => Code == KeyCode.Character && !Ctrl && !Alt;

    /// <summary>
    /// Read a key's name: "j", "G", "?", "Space", "Down", "PgUp", "F1", "Ctrl-c", "Alt-x",
    /// "Shift-Tab".
    /// </summary>
    public static Key Parse(string name)
    {
        var (key, rest) = (new Key(KeyCode.Character), name);
        while (rest.Length > 1
            && rest.IndexOf('-', 1) is > 0 and var dash
            && dash < rest.Length - 1)
        {
            key = rest[..dash] switch
            {
                "Ctrl" => key with { Ctrl = true },
                "Alt" => key with { Alt = true },
                "Shift" => key with { Shift = true },
                _ => throw new FormatException($"no key is called {name}"),
            };
            rest = rest[(dash + 1)..];
        }

        return rest == SpaceName ? key with { Text = " " }
            : rest.Length == 1 ? key with { Text = rest }
            : Enum.TryParse<KeyCode>(rest, out var code) && code != KeyCode.Character
                ? key with { Code = code }
                : throw new FormatException($"no key is called {name}");
    }

    /// <summary>The keys of a list such as "j Down".</summary>
    public static IReadOnlyList<Key> ParseAll(string names) =>
        [.. names.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Parse)];

    /// <summary>Its name, as <see cref="Parse"/> reads it.</summary>
    public override string ToString() =>
        (Ctrl ? "Ctrl-" : "") + (Alt ? "Alt-" : "") + (Shift ? "Shift-" : "")
        + (Code != KeyCode.Character ? Code.ToString() : Text == " " ? SpaceName : Text);
}
