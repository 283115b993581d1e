namespace SynthSae.Hub;

/// <summary>A folder of the hub that lies in the cache.</summary>
/// <param name="Asked">The id by which it was asked for.</param>
/// <param name="Id">The same with the commit as revision: it stands for this content for
///   ever.</param>
/// <param name="Folder">Where the files lie.</param>
/// <param name="Kind">What they make up.</param>
/// <param name="Files">The files.</param>
internal sealed record PulledFolder(
    HubId Asked, HubId Id, string Folder, FolderKind Kind, IReadOnlyList<PulledFile> Files);
