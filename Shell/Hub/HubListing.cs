using SynthSae.Formatting;

namespace SynthSae.Hub;

/// <summary>The files of a repository at a revision.</summary>
/// <param name="Commit">The commit that the revision stands for.</param>
/// <param name="Files">Paths in the repository, with slashes.</param>
internal sealed record HubListing(string Commit, IReadOnlyList<string> Files)
{
    private const int ShownFolders = 12;

    /// <summary>Names of the files that lie directly in a folder.</summary>
    public IReadOnlySet<string> In(string folder)
    {
        var prefix = Prefix(folder);
        return Files
            .Where(file => file.StartsWith(prefix, StringComparison.Ordinal))
            .Select(file => file[prefix.Length..])
            .Where(name => !name.Contains('/'))
            .ToHashSet();
    }

    /// <summary>Why a folder is neither a model nor an SAE, and what is one.</summary>
    public string WhyNot(string folder)
    {
        var prefix = Prefix(folder);
        var exists = folder.Length == 0
            || Files.Any(file => file.StartsWith(prefix, StringComparison.Ordinal));
        var problem = exists
            ? "holds neither a synthetic model nor an SAE"
            : $"has no folder {folder}";
        var others = Folders().ToList();
        var below = others
            .Where(other => exists && other.StartsWith(prefix, StringComparison.Ordinal))
            .ToList();
        return problem + (
            others.Count == 0 ? ""
            : Nearest.Hint(folder, others) is { Length: > 0 } hint && !exists ? hint
            : $"; name one of its folders after a colon: {Some(below.Count > 0 ? below : others)}");
    }

    private static string Prefix(string folder) => folder.Length == 0 ? "" : folder + "/";

    private IEnumerable<string> Folders() =>
        Files
            .GroupBy(file => file.LastIndexOf('/') is > 0 and var end ? file[..end] : "")
            .Where(group => group.Key.Length > 0 && FolderContent.KindOf(
                group.Select(file => file[(group.Key.Length + 1)..]).ToHashSet()) is not null)
            .Select(group => group.Key)
            .Order(StringComparer.Ordinal);

    private static string Some(List<string> folders) =>
        string.Join(", ", folders.Take(ShownFolders))
        + (folders.Count > ShownFolders ? $" and {folders.Count - ShownFolders} more" : "");
}
