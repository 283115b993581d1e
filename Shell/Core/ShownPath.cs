namespace SynthSae.Core;

/// <summary>Paths for people.</summary>
internal static class ShownPath
{
    /// <summary>As one would type it: from the working folder if it lies below.</summary>
    public static string Of(string path) =>
        Path.GetRelativePath(Environment.CurrentDirectory, path) is var relative
        && !relative.StartsWith("..", StringComparison.Ordinal)
            ? relative
            : path;
}
