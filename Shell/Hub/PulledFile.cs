namespace SynthSae.Hub;

/// <summary>A file of a folder of the hub.</summary>
/// <param name="Name">Its name in the folder.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Checksum">SHA-256 of a large file, git's SHA-1 of a small one; null if it is not
///   known because something else than a download put the file there.</param>
/// <param name="Fetched">False if it was in the cache already.</param>
internal sealed record PulledFile(string Name, long Bytes, string? Checksum, bool Fetched);
