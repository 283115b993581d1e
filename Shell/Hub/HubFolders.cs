using SynthSae.Compute;
using SynthSae.Core;

namespace SynthSae.Hub;

/// <summary>
/// Folders with a synthetic model or an SAE on the Hugging Face hub. They are downloaded into the
/// hub's own cache, so that Python's huggingface_hub finds what was downloaded here, and the other
/// way round.
/// </summary>
/// <param name="settings">Where the hub and the cache are.</param>
/// <param name="observer">Hears of the progress; null for nobody.</param>
internal sealed class HubFolders(HubSettings settings, IPullObserver? observer = null) : IDisposable
{
    private readonly HubHttp _http = new(settings, observer ?? new Unobserved());

    /// <summary>The folder as far as it is known without asking the hub; null if it is not, or
    ///   not all of it.</summary>
    public PulledFolder? Find(HubId id)
    {
        var cache = new HubCache(settings.CacheFolder, id);
        return cache.Commit(id) is { } commit
            && cache.Folder(commit, id.Path) is var folder
            && FolderContent.Complete(folder) is { } kind
                ? Describe(id, commit, folder, kind, [])
                : null;
    }

    /// <summary>
    /// The folder at its revision, downloaded where it is not in the cache. At a commit that is
    /// there the hub is not asked. A hub that cannot be reached is told of, and the cache used.
    /// </summary>
    /// <exception cref="BadInput">The hub has no such folder, does not give it, or cannot be
    ///   reached; the cache cannot be written to.</exception>
    public async Task<PulledFolder> PullAsync(HubId id, CancellationToken stop = default)
    {
        var cached = Find(id);
        if (cached is not null && (id.IsPinned || settings.Offline))
        {
            return cached;
        }

        if (settings.Offline)
        {
            throw Failure.BadInput(
                $"{id}",
                $"is not in the cache {settings.CacheFolder}, and HF_HUB_OFFLINE keeps the program "
                    + "from asking the hub");
        }

        try
        {
            var repository = new HubRepository(_http, id);
            return await ListAsync(repository, cached, stop) is { } listing
                ? await FetchAsync(id, repository, listing, stop)
                : cached!;
        }
        catch (HubFailure failure)
        {
            throw Failure.BadInput($"{id}", failure.Message);
        }
    }

    /// <inheritdoc cref="PullAsync"/>
    public PulledFolder Pull(HubId id, CancellationToken stop = default) =>
        PullAsync(id, stop).GetAwaiter().GetResult();

    public void Dispose() => _http.Dispose();

    // Null if the hub cannot be reached, but the cache has what it said the last time.
    private async Task<HubListing?> ListAsync(
        HubRepository repository, PulledFolder? cached, CancellationToken stop)
    {
        try
        {
            return await repository.ListAsync(cached is null ? settings.Attempts : 1, stop);
        }
        catch (HubFailure failure) when (failure.IsPassing && cached is not null)
        {
            _http.Observer.Note($"{failure.Message}; taking {cached.Id} from the cache");
            return null;
        }
    }

    private async Task<PulledFolder> FetchAsync(
        HubId id, HubRepository repository, HubListing listing, CancellationToken stop)
    {
        var names = listing.In(id.Path);
        if (FolderContent.KindOf(names) is not { } kind)
        {
            throw new HubFailure(listing.WhyNot(id.Path));
        }

        var cache = new HubCache(settings.CacheFolder, id);
        var folder = cache.Folder(listing.Commit, id.Path);
        List<string> fetched = [];
        foreach (var name in FolderContent.Files(kind).Where(names.Contains))
        {
            if (!File.Exists(Path.Combine(folder, name)))
            {
                var file = await repository.DescribeAsync(name, listing.Commit, stop);
                if (await FetchAsync(file, cache, stop))
                {
                    fetched.Add(name);
                }
            }
        }

        cache.Remember(id, listing.Commit);
        return Describe(id, listing.Commit, folder, kind, fetched);
    }

    // False if the content was there already.
    private async Task<bool> FetchAsync(HubFile file, HubCache cache, CancellationToken stop)
    {
        var blob = cache.Blob(file.Checksum);
        using var mine = await cache.LockAsync(
            file.Checksum,
            () => _http.Observer.Note($"waiting for another process that fetches {file.Name}"),
            stop);
        // Another commit may have brought it, or another process while this one waited.
        var isNew = !File.Exists(blob)
            || file.Size is { } size && SizeOf(blob) != size;
        if (isNew)
        {
            await new BlobDownload(_http, file).ToAsync(blob, stop);
        }

        HubCache.Link(
            Path.Combine(cache.Folder(file.Id.Revision, file.Id.Path), file.Name), blob);
        return isNew;
    }

    private static PulledFolder Describe(
        HubId id, string commit, string folder, FolderKind kind, List<string> fetched)
    {
        var files =
            from name in FolderContent.Files(kind)
            let path = Path.Combine(folder, name)
            where File.Exists(path)
            select new PulledFile(
                name, SizeOf(path), HubCache.SumOf(path)?.ToString(), fetched.Contains(name));
        return new PulledFolder(id, id.At(commit), folder, kind, [.. files]);
    }

    // Of the content, where the path is a link.
    private static long SizeOf(string path)
    {
        using var file = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
        return RandomAccess.GetLength(file);
    }

    private sealed class Unobserved : IPullObserver
    {
        public void Progress(string file, long done, long? size)
        {
        }

        public void Note(string text)
        {
        }
    }
}
