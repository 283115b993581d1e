using Microsoft.FSharp.Core;
using SynthSae.Compute.Files;
using SynthSae.Core;

namespace SynthSae.Store;

/// <summary>Deletes runs so that none is ever seen in part.</summary>
internal static class RunRemoval
{
    private const string Ending = ".removed";

    /// <summary>
    /// Delete a run's folder: it is moved out of sight first. What others have left half deleted
    /// goes, too.
    /// </summary>
    /// <exception cref="Compute.BadInput">A process is working on it, or it cannot be
    ///   deleted.</exception>
    public static void Remove(RunSummary run)
    {
        var above = Path.GetDirectoryName(run.Folder)!;
        var aside = Path.Combine(above, $".{run.Id}.{Guid.NewGuid():N}{Ending}");
        FileErrors.writing(run.Folder, FuncConvert.FromAction(() =>
        {
            // Nobody can begin with it while it is moved, nor find it later.
            using var held = FolderLock.Take(run.Folder);
            Directory.Move(run.Folder, aside);
        }));
        foreach (var left in Directory.EnumerateDirectories(above, $".*{Ending}"))
        {
            Delete(left);
        }
    }

    private static void Delete(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Somebody else was quicker.
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Failure.BadInput(
                folder,
                $"is out of sight, but cannot be deleted: {FileErrors.reason(folder, error)}");
        }
    }
}
