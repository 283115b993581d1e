using System.Text.RegularExpressions;
using SynthSae.Core;

namespace SynthSae.Hub;

/// <summary>
/// A folder of a repository of the hub: owner/name, owner/name:path, owner/name@revision:path.
/// </summary>
internal sealed partial record HubId
{
    /// <summary>The revision where none is given.</summary>
    public const string DefaultRevision = "main";

    /// <summary>The forms in which an id is written, for messages and help.</summary>
    public const string Forms = "owner/name, owner/name:path or owner/name@revision:path";

    private const int MaxRepository = 96;

    private HubId(string repository, string revision, string path) =>
        (Repository, Revision, Path) = (repository, revision, path);

    /// <summary>owner/name.</summary>
    public string Repository { get; }

    /// <summary>A branch, a tag or a commit.</summary>
    public string Revision { get; }

    /// <summary>Folder in the repository, with slashes between its parts; empty for all.</summary>
    public string Path { get; }

    /// <summary>The revision is a full commit, so the content can never change.</summary>
    public bool IsPinned => IsCommit(Revision);

    /// <summary>The id that a text stands for; null if it has another form.</summary>
    public static HubId? TryParse(string text)
    {
        var match = Form().Match(text);
        if (!match.Success)
        {
            return null;
        }

        var repository = match.Groups["repository"].Value;
        var revision = match.Groups["revision"] is { Success: true, Value: var given }
            ? given
            : DefaultRevision;
        var path = match.Groups["path"].Value.Trim('/');
        // "--" stands for the slash in the cache's names of folders.
        return repository.Length <= MaxRepository
            && !repository.Contains("--")
            && !repository.Contains("..")
            && IsRelative(revision)
            && (path.Length == 0 || IsRelative(path))
                ? new HubId(repository, revision, path)
                : null;
    }

    /// <summary>The id that a text stands for.</summary>
    /// <exception cref="Failure">The text has another form.</exception>
    public static HubId Parse(string text) =>
        TryParse(text) ?? throw Failure.BadInput(text, $"is no name on the hub, such as {Forms}");

    /// <summary>The same folder at another revision.</summary>
    /// <exception cref="Failure">Git knows no such names of revisions.</exception>
    public HubId At(string revision) =>
        IsRelative(revision) && !revision.Contains(':')
            ? new HubId(Repository, revision, Path)
            : throw Failure.BadInput(revision, "is no name of a branch, a tag or a commit");

    /// <summary>As it is written; the default revision is left out.</summary>
    public override string ToString() =>
        Repository
        + (Revision == DefaultRevision ? "" : $"@{Revision}")
        + (Path.Length == 0 ? "" : $":{Path}");

    /// <summary>True for the 40 digits of a git commit.</summary>
    internal static bool IsCommit(string text) => Commit().IsMatch(text);

    // What comes from outside becomes part of a path, and must not lead out of its folder.
    private static bool IsRelative(string path) =>
        path.Length > 0
        && !path.Any(letter => letter == '\\' || char.IsControl(letter) || letter == ' ')
        && path.Split('/').All(part => part is not ("" or "." or ".."));

    [GeneratedRegex(@"^(?<repository>[a-zA-Z0-9_][a-zA-Z0-9_.-]*/[a-zA-Z0-9_][a-zA-Z0-9_.-]*)"
        + @"(@(?<revision>[^:]*))?(:(?<path>.*))?\z")]
    private static partial Regex Form();

    [GeneratedRegex(@"^[0-9a-f]{40}\z")]
    private static partial Regex Commit();
}
