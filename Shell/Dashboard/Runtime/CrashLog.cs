using System.Globalization;
using SynthSae.Hosting;

namespace SynthSae.Dashboard.Runtime;

/// <summary>
/// Errors of the dashboard that are bugs, in a file: the screen has no room for them.
/// </summary>
internal static class CrashLog
{
    private const int LongestFile = 1 << 20;

    /// <summary>The file.</summary>
    public static string Path { get; } =
        System.IO.Path.Combine(Folders.State, "synthsae", "dashboard.log");

    /// <summary>Append an error; a file that cannot be written is passed over.</summary>
    public static void Write(Exception error)
    {
        try
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
            if (File.Exists(Path) && new FileInfo(Path).Length > LongestFile)
            {
                File.Delete(Path);
            }

            var time = DateTime.UtcNow.ToString("O", CultureInfo.InvariantCulture);
            File.AppendAllText(Path, $"{time} {error}\n");
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return;
        }
    }
}
