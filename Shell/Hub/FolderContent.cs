using SynthSae.Formatting;
using Model = SynthSae.Compute.Files.ModelFolder;
using Sae = SynthSae.Compute.Files.SaeFolderModule;

namespace SynthSae.Hub;

/// <summary>Which files make up a synthetic model or an SAE.</summary>
internal static class FolderContent
{
    // The configuration comes last: with it the folder is whole, also where an optional file is
    // missing.
    private static readonly string[] ModelFiles =
        [Model.HierarchyFile, Model.WeightsFile, Model.ConfigFile];

    private static readonly string[] SaeFiles =
        [Sae.SparsityFile, Sae.ScalerFile, Sae.WeightsFile, Sae.ConfigFile];

    private static readonly string[] Optional =
        [Model.HierarchyFile, Sae.SparsityFile, Sae.ScalerFile];

    /// <summary>
    /// The kind of a folder with files of the given names; null if it is neither a model nor an
    /// SAE.
    /// </summary>
    public static FolderKind? KindOf(IReadOnlySet<string> names) =>
        Required(FolderKind.Model).All(names.Contains) ? FolderKind.Model
        : Required(FolderKind.Sae).All(names.Contains) ? FolderKind.Sae
        : null;

    /// <summary>Files that belong to a folder, in the order in which they are fetched.</summary>
    public static IReadOnlyList<string> Files(FolderKind kind) =>
        kind == FolderKind.Model ? ModelFiles : SaeFiles;

    /// <summary>
    /// The kind of a folder on disk that lacks nothing; null for all others. Another program may
    /// have fetched some of the files only.
    /// </summary>
    public static FolderKind? Complete(string folder)
    {
        var names = Files(FolderKind.Model).Concat(Files(FolderKind.Sae))
            .Where(name => File.Exists(Path.Combine(folder, name)))
            .ToHashSet();
        var kind = KindOf(names);
        return kind == FolderKind.Model && !names.Contains(Model.HierarchyFile) && HasTrees(folder)
            ? null
            : kind;
    }

    private static IEnumerable<string> Required(FolderKind kind) => Files(kind).Except(Optional);

    // A model with a hierarchy in its configuration has its trees in a file of their own.
    private static bool HasTrees(string folder) =>
        Json.TryObject(Core.Files.ReadText(Path.Combine(folder, Model.ConfigFile)))
            is { } config && config["hierarchy"] is not null;
}
