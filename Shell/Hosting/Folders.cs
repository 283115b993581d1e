namespace SynthSae.Hosting;

/// <summary>A user's folders, by the XDG base directory specification.</summary>
internal static class Folders
{
    /// <summary>$XDG_CONFIG_HOME or ~/.config.</summary>
    public static string Config => Xdg("XDG_CONFIG_HOME", ".config");

    /// $XDG_STATE_HOME or ~/.local/state.
    public static string State => Xdg("XDG_STATE_HOME", Path.Combine(".local", "state"));

    // The specification asks that relative paths be ignored.
    private static string Xdg(string variable, string underHome) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } folder
        && Path.IsPathRooted(folder)
            ? folder
            : Path.Combine(Home, underHome);

    /// <summary>The user's own folder.</summary>
    public static string Home =>
        Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) is { Length: > 0 } home
            ? home
            : Path.GetTempPath();
}
