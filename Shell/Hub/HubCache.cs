using SynthSae.Compute.Files;
using SynthSae.Core;

namespace SynthSae.Hub;

/// <summary>
/// A repository's part of the hub's cache, in the layout of Python's huggingface_hub:
/// blobs/CHECKSUM holds content, snapshots/COMMIT/PATH are links to blobs, refs/REVISION holds the
/// commit that a branch or tag stood for when it was last asked for.
/// </summary>
internal sealed class HubCache
{
    // EWOULDBLOCK of Linux: another process holds the lock.
    private const int WouldBlock = 11;

    private static readonly TimeSpan BetweenTrials = TimeSpan.FromMilliseconds(100);

    private readonly string _root;
    private readonly string _locks;

    public HubCache(string folder, HubId id)
    {
        var name = "models--" + id.Repository.Replace("/", "--");
        _root = Path.Combine(folder, name);
        _locks = Path.Combine(folder, ".locks", name);
    }

    /// <summary>The commit that a revision stood for; null if it was never asked for.</summary>
    public string? Commit(HubId id)
    {
        var file = Path.Combine(_root, "refs", id.Revision);
        return id.IsPinned ? id.Revision
            : File.Exists(file) && Core.Files.ReadText(file).Trim() is var commit
                && HubId.IsCommit(commit) ? commit
            : null;
    }

    /// <summary>Remember which commit a branch or tag stands for.</summary>
    public void Remember(HubId id, string commit)
    {
        if (id.Revision != commit && Commit(id) != commit)
        {
            Core.Files.WriteText(Path.Combine(_root, "refs", id.Revision), commit);
        }
    }

    /// <summary>Where the files of a folder lie, or will lie.</summary>
    public string Folder(string commit, string path) =>
        Path.Combine([_root, "snapshots", commit, .. path.Split('/')]);

    /// <summary>The place of a content.</summary>
    public string Blob(Checksum sum) => Path.Combine(_root, "blobs", sum.Digits);

    /// <summary>
    /// The checksum by which a file of a folder is linked; null if it is no link.
    /// </summary>
    public static Checksum? SumOf(string file) =>
        new FileInfo(file).LinkTarget is { } target
            ? Checksum.TryParse(Path.GetFileName(target))
            : null;

    /// <summary>Let a file of a folder be a link to a blob; the folders are made.</summary>
    public static void Link(string file, string blob)
    {
        var folder = Path.GetDirectoryName(file)!;
        Core.Files.CreateFolder(folder);
        if (File.Exists(file))
        {
            return;
        }

        Core.Files.Delete(file); // a link that leads nowhere
        try
        {
            // Relative, so that the cache can be moved.
            File.CreateSymbolicLink(file, Path.GetRelativePath(folder, blob));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            var reason = FileErrors.reason(file, error);
            throw Failure.BadInput(
                file,
                $"cannot be linked to its content: {reason}; the hub's cache needs a file system "
                    + "with symbolic links (HF_HUB_CACHE names another)");
        }
    }

    /// <summary>
    /// Let nobody else, Python's huggingface_hub included, fetch a content until this is disposed
    /// of or the process ends.
    /// </summary>
    /// <param name="sum">The content.</param>
    /// <param name="wait">Called once if another process holds it.</param>
    /// <param name="stop">Ends the waiting.</param>
    public async Task<IDisposable> LockAsync(Checksum sum, Action wait, CancellationToken stop)
    {
        Core.Files.CreateFolder(_locks);
        Core.Files.CreateFolder(Path.Combine(_root, "blobs"));
        var path = Path.Combine(_locks, sum.Digits + ".lock");
        for (var trial = 0; ; trial++)
        {
            if (TryOpen(path) is { } file)
            {
                return file;
            }

            if (trial == 0)
            {
                wait();
            }

            await Task.Delay(BetweenTrials, stop);
        }
    }

    // Not shared with others: the runtime takes the system's lock (flock), as Python does.
    private static FileStream? TryOpen(string path)
    {
        try
        {
            return new FileStream(
                path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error) when (error.HResult == WouldBlock)
        {
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Failure.BadInput(path, $"cannot be locked: {FileErrors.reason(path, error)}");
        }
    }
}
