using SynthSae.Compute.Files;
using SynthSae.Core;

namespace SynthSae.Supervision;

/// <summary>
/// The slots of a machine as they are: each has a file that the worker on it keeps locked, so that a
/// worker which dies, however it dies, gives its slot back, and a new supervisor finds those that
/// live.
/// </summary>
internal static class SlotLock
{
    private const string Ending = ".lock";

    // Who only looks holds the lock for a moment.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Take a slot for the life of this process, and write down for which run; null if another
    /// process has it.
    /// </summary>
    public static IDisposable? TryTake(StateFolder state, Slot slot, string run)
    {
        var file = FileOf(state, slot);
        Files.CreateFolder(state.Slots);
        Files.TryCreate(file);
        var held = FolderLock.TryTake(file, Patience);
        if (held is not null)
        {
            Note(file, run);
        }

        return held;
    }

    /// <summary>Whether a worker has the slot.</summary>
    public static bool IsTaken(StateFolder state, Slot slot) =>
        FolderLock.IsHeld(FileOf(state, slot));

    /// <summary>The slots that workers have, and their run folders.</summary>
    public static IReadOnlyList<(Slot Slot, string Run)> Taken(StateFolder state) =>
        Directory.Exists(state.Slots)
            ? [.. Directory.GetFiles(state.Slots, $"*{Ending}").Where(FolderLock.IsHeld)
                .Select(file => (Slot: Of(file), Run: Read(file)))
                .Where(taken => taken.Slot is not null)
                .Select(taken => (taken.Slot!.Value, taken.Run))]
            : [];

    // For people and for lists; the slot is taken without it, too.
    private static void Note(string file, string run)
    {
        try
        {
            File.WriteAllText(file, run);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A full disk: nobody learns which run it is.
        }
    }

    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static Slot? Of(string file) => Slot.Parse(Path.GetFileNameWithoutExtension(file));

    private static string FileOf(StateFolder state, Slot slot) =>
        Path.Combine(state.Slots, slot.Name + Ending);
}
