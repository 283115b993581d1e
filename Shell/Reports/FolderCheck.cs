using System.Text.Json.Nodes;
using SynthSae.Compute.Files;
using SynthSae.Formatting;

namespace SynthSae.Reports;

/// <summary>
/// A folder that the program writes to: how much is in it, and whether writing works.
/// </summary>
/// <param name="Path">The folder.</param>
/// <param name="Exists">False if it has yet to be made.</param>
/// <param name="Entries">Things in it.</param>
/// <param name="Bytes">Size of the files directly in it and one level below.</param>
/// <param name="Problem">Why it cannot be written to; null if it can.</param>
internal sealed record FolderCheck(
    string Path, bool Exists, int Entries, long Bytes, string? Problem)
{
    /// <summary>Look at a folder without changing anything.</summary>
    public static FolderCheck Of(string path)
    {
        try
        {
            if (!Directory.Exists(path))
            {
                return new FolderCheck(path, false, 0, 0, CannotWrite(ExistingAbove(path)));
            }

            var folder = new DirectoryInfo(path);
            var options = new EnumerationOptions
            {
                RecurseSubdirectories = true,
                MaxRecursionDepth = 1,
            };
            return new FolderCheck(
                path,
                true,
                folder.EnumerateFileSystemInfos().Count(),
                folder.EnumerateFiles("*", options).Sum(file => file.Length),
                CannotWrite(path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new FolderCheck(path, true, 0, 0, error.Message);
        }
    }

    public override string ToString() =>
        Problem is not null ? $"{Path}: cannot be written ({Problem})"
        : !Exists ? $"{Path} (made when first needed)"
        : $"{Path}: {Entries} entries, {Numbers.Bytes(Bytes)}";

    /// <summary>For programs.</summary>
    public JsonObject ToJson() =>
        new()
        {
            ["path"] = Path,
            ["exists"] = Exists,
            ["entries"] = Entries,
            ["bytes"] = Bytes,
            ["problem"] = Problem,
        };

    private static string ExistingAbove(string path)
    {
        var folder = path;
        while (!Directory.Exists(folder) && System.IO.Path.GetDirectoryName(folder) is { } above)
        {
            folder = above;
        }

        return folder;
    }

    // A trial is the only sure test: permissions, read-only mounts and full disks look alike
    // otherwise.
    private static string? CannotWrite(string folder)
    {
        try
        {
            var probe = System.IO.Path.Combine(folder, $".synthsae-{Guid.NewGuid():N}");
            using var file = File.Create(probe, 1, FileOptions.DeleteOnClose);
            file.WriteByte(0);
            file.Flush();
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return FileErrors.reason(folder, error);
        }
    }
}
