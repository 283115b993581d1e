using SynthSae.Api;
using SynthSae.Runs;
using SynthSae.Store;

namespace SynthSae;

/// <summary>
/// A folder of run folders: lists runs, follows them, and has runs executed in the background by
/// processes of their own, which outlive this one. The command line works on the same folders
/// (<c>synthsae ls</c>). Its members may be used from several threads at once.
/// </summary>
public sealed partial class RunDirectory
{
    private readonly RunStore _store;

    /// <summary>The runs of a folder.</summary>
    /// <param name="folder">The folder, which need not exist.</param>
    public RunDirectory(string folder = "runs")
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        _store = new RunStore(folder);
    }

    /// <summary>Full path of the folder.</summary>
    public string Folder => _store.Folder;

    /// <summary>All runs by their ids, the oldest first.</summary>
    /// <exception cref="SynthSaeException">The folder cannot be read.</exception>
    public IReadOnlyList<RunInfo> List() =>
        Boundary.Run<IReadOnlyList<RunInfo>>(() => [.. _store.List().Select(RunInfo.Of)]);

    /// <summary>The run that a name stands for; null if there is none.</summary>
    /// <param name="name">
    /// An id, the beginning or a part of just one id, a run folder's path, <c>@last</c> for the
    /// newest run, or <c>@2</c> for the one before it.
    /// </param>
    /// <exception cref="SynthSaeException">The name fits several runs, which are named.</exception>
    public RunInfo? Find(string name) =>
        Boundary.Run(() => _store.Find(name) is { } run ? RunInfo.Of(run) : null);

    /// <summary>
    /// Look at a run again and again, until it waits no more and no process works on it.
    /// </summary>
    /// <param name="name">As for <see cref="Find"/>.</param>
    /// <param name="interval">Time between looks; a fifth of a second if not given.</param>
    /// <param name="cancellation">Ends the looking; the run goes on.</param>
    /// <returns>The run as it is, and after that whenever something has changed.</returns>
    /// <exception cref="SynthSaeException">There is no such run, or no more.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public IAsyncEnumerable<RunInfo> FollowAsync(
        string name, TimeSpan? interval = null, CancellationToken cancellation = default) =>
        Following.Follow(
            () => Get(name).Folder,
            folder => RunInfo.Of(_store.Get(folder)),
            interval ?? TimeSpan.FromMilliseconds(200),
            cancellation);

    /// <summary>Give a run a tag, or take it away.</summary>
    /// <param name="name">As for <see cref="Find"/>.</param>
    /// <param name="tag">A word without spaces.</param>
    /// <param name="isSet">False to take it away.</param>
    /// <returns>The run as it is then.</returns>
    /// <exception cref="SynthSaeException">
    /// There is no such run, or it cannot be written to.
    /// </exception>
    public RunInfo Tag(string name, string tag, bool isSet = true)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(tag);
        return Change(name, labels => isSet ? labels.With(tag) : labels.Without(tag));
    }

    /// <summary>Give a run a remark.</summary>
    /// <param name="name">As for <see cref="Find"/>.</param>
    /// <param name="text">The remark; null for none.</param>
    /// <returns>The run as it is then.</returns>
    /// <exception cref="SynthSaeException">
    /// There is no such run, or it cannot be written to.
    /// </exception>
    public RunInfo SetNote(string name, string? text) =>
        Change(name, labels => labels with { Note = text });

    private RunInfo Change(string name, Func<RunLabels, RunLabels> change) =>
        Boundary.Run(() =>
        {
            var run = _store.Get(name);
            RunLabels.Change(RunFolder.Open(run.Folder), change);
            return RunInfo.Of(_store.Get(run.Folder));
        });

    private RunSummary Get(string name) => Boundary.Run(() => _store.Get(name));
}
