using SynthSae.Hub;

namespace SynthSae.Core;

/// <summary>
/// Names of folders on the hub, wherever a folder can be named. As in the reference, what exists
/// here or is written as a path is local.
/// </summary>
internal static class HubNames
{
    private static readonly string[] Paths = ["/", "./", "../", "~"];
    private static readonly string[] Endings = [".json", ".safetensors", ".npy"];

    /// <summary>The id on the hub that a name stands for; null if the name is local.</summary>
    public static HubId? Find(string name) =>
        Path.Exists(name)
        || Paths.Any(start => name.StartsWith(start, StringComparison.Ordinal))
        || Endings.Any(ending => name.EndsWith(ending, StringComparison.Ordinal))
        // A slip in runs/ID is no question for the hub; a revision can only be meant for it.
        || !name.Contains('@') && Directory.Exists(name.Split('/')[0])
            ? null
            : HubId.TryParse(name);

    /// <summary>
    /// The name of the same content for ever: a folder on the hub is downloaded, and named with
    /// its commit. Local names stay as they are.
    /// </summary>
    public static string Pin(string name, IPullObserver? observer = null)
    {
        if (Find(name) is not { } id)
        {
            return name;
        }

        using var folders = new HubFolders(HubSettings.OfEnvironment(), observer);
        return $"{folders.Pull(id).Id}";
    }

    /// <summary>
    /// The folder that a name stands for; one on the hub is downloaded if it is not in the cache.
    /// </summary>
    public static string Locate(string name)
    {
        if (Find(name) is not { } id)
        {
            return name;
        }

        using var folders = new HubFolders(HubSettings.OfEnvironment());
        return folders.Pull(id).Folder;
    }
}
