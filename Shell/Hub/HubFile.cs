namespace SynthSae.Hub;

/// <summary>A file as the hub has it.</summary>
/// <param name="Id">The folder that it is in, at a commit.</param>
/// <param name="Name">Its name in the folder.</param>
/// <param name="Uri">Where it is downloaded.</param>
/// <param name="Checksum">Its content's checksum, and its name among the blobs.</param>
/// <param name="Size">In bytes; null if the hub does not say.</param>
internal sealed record HubFile(HubId Id, string Name, Uri Uri, Checksum Checksum, long? Size);
