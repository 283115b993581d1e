using SynthSae.Compute.Files;

namespace SynthSae.Core;

/// <summary>Files as the core writes them: whole or not at all, errors in one line.</summary>
internal static class Files
{
    /// <summary>True if a file's name says that it is a NumPy array.</summary>
    public static bool IsNpy(string path) =>
        path.EndsWith(".npy", StringComparison.OrdinalIgnoreCase);

    /// <summary>Write a text file.</summary>
    public static void WriteText(string path, string content) =>
        AtomicFile.writeText(path, content);

    /// <summary>Read a text file.</summary>
    public static string ReadText(string path) => FileErrors.readText(path);

    /// <summary>Delete a file, if it is there.</summary>
    public static void Delete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Failure.BadInput(path, $"cannot be deleted: {error.Message}");
        }
    }

    /// <summary>Make a folder and those above it.</summary>
    public static void CreateFolder(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            var reason = FileErrors.reason(path, error);
            throw Failure.BadInput(path, $"the folder cannot be made: {reason}");
        }
    }

    /// <summary>Make an empty file; false if there is one, or a folder, of that name.</summary>
    public static bool TryCreate(string path)
    {
        try
        {
            new FileStream(path, FileMode.CreateNew).Dispose();
            return true;
        }
        catch (IOException) when (Path.Exists(path))
        {
            return false;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            var reason = FileErrors.reason(path, error);
            throw Failure.BadInput(path, $"cannot be written: {reason}");
        }
    }
}
