using SynthSae.Compute.Files;
using SynthSae.Core;
using SynthSae.Hosting;

namespace SynthSae.Supervision;

/// <summary>
/// The slots of a machine as they are: each has a file that the worker on it keeps locked, so that
/// a worker which dies, however it dies, gives its slot back, and a new supervisor finds those that
/// live.
/// </summary>
internal static class SlotLock
{
    private const string Ending = ".lock";
    private const string NoteEnding = ".run";

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
            Note(state, slot, run);
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
                .Select(Of)
                .OfType<Slot>()
                .Select(slot => (slot, Read(NoteOf(state, slot))))]
            : [];

    // For lists; the slot is taken without it, too. Beside the lock: files that are opened to be
    // read or written are locked for that.
    private static void Note(StateFolder state, Slot slot, string run)
    {
        try
        {
            AtomicFile.replaceText(NoteOf(state, slot), run);
        }
        catch (Exception error) when (ErrorReport.IsBadInput(error))
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

    private static string NoteOf(StateFolder state, Slot slot) =>
        Path.Combine(state.Slots, slot.Name + NoteEnding);

    private static string FileOf(StateFolder state, Slot slot) =>
        Path.Combine(state.Slots, slot.Name + Ending);
}
