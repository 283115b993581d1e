using System.Text.Json.Nodes;
using SynthSae.Compute.Files;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Runs;

namespace SynthSae.Sweeps;

/// <summary>
/// The folder of a sweep, among those of the runs in the runs folder. Every file in it is written
/// whole.
/// </summary>
internal sealed class SweepFolder
{
    private const string Word = "-sweep-";

    private SweepFolder(string path) => Path = System.IO.Path.GetFullPath(path);

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>Its own name, which its runs name in their run.json.</summary>
    public string Id => System.IO.Path.GetFileName(Path);

    /// <summary>What is swept: specification, points, and the run of each.</summary>
    public string RecordFile => In("sweep.json");

    /// <summary>The results, a row for each point; there once somebody has asked.</summary>
    public string CsvFile => In("table.csv");

    /// <summary>The same with the figures of every run.</summary>
    public string JsonFile => In("table.json");

    /// <summary>The same for a page.</summary>
    public string MarkdownFile => In("table.md");

    /// <summary>As one would type it: from the working folder if it lies below.</summary>
    public string Shown => ShownPath.Of(Path);

    /// <summary>True if the folder looks like one of a sweep.</summary>
    public static bool Is(string path) =>
        File.Exists(System.IO.Path.Combine(path, "sweep.json"));

    /// <summary>An existing folder of a sweep.</summary>
    public static SweepFolder Open(string path) =>
        Is(path)
            ? new SweepFolder(path)
            : throw Failure.BadInput(path, "is not the folder of a sweep (no sweep.json)");

    /// <summary>
    /// The sweep that is meant by a path, or by its name or the end or beginning of it in the runs
    /// folder.
    /// </summary>
    /// <exception cref="Failure">There is none, or more than one.</exception>
    public static SweepFolder Find(string name, string runs)
    {
        if (Directory.Exists(name))
        {
            return Open(name);
        }

        var all = All(runs);
        var named = all.Where(sweep => sweep.Id == name).ToList();
        var fitting = named.Count > 0
            ? named
            : [.. all.Where(sweep => sweep.Id.Contains(name, StringComparison.OrdinalIgnoreCase))];
        return fitting switch
        {
            [var one] => one,
            [] => throw Failure.BadInput(
                name, $"is no sweep in {runs}{Nearest.Hint(name, all.Select(sweep => sweep.Id))}"),
            _ => throw Failure.BadInput(
                name,
                $"could be any of {string.Join(", ", fitting.Select(sweep => sweep.Id))}"),
        };
    }

    /// <summary>The sweeps of a runs folder, the oldest first.</summary>
    public static IReadOnlyList<SweepFolder> All(string runs) =>
        Directory.Exists(runs)
            ? [.. Directory.EnumerateDirectories(runs, $"*{Word}*")
                .Where(path => Is(path) && System.IO.Path.GetFileName(path)[0] != '.')
                .Order(StringComparer.Ordinal)
                .Select(path => new SweepFolder(path))]
            : [];

    /// <summary>
    /// Make a folder for a sweep under a name that no other has; it appears with its record in it.
    /// </summary>
    public static SweepFolder CreateIn(
        string runs, string name, DateTime utc, Func<SweepFolder, SweepRecord> record)
    {
        Files.CreateFolder(runs);
        var path = System.IO.Path.Combine(runs, RunId.Create(utc, "sweep", name));
        var folder = new SweepFolder(path);
        for (var number = 2; !TryMake(folder, record(folder)); number++)
        {
            folder = new SweepFolder($"{path}-{number}");
        }

        return folder;
    }

    /// <summary>The name of one of its runs.</summary>
    /// <param name="number">Its place, from 0.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="plan">What is run.</param>
    public string RunName(int number, int count, RunPlan plan)
    {
        var at = Id.IndexOf(Word, StringComparison.Ordinal);
        var digits = $"{number + 1}".PadLeft($"{count}".Length, '0');
        string[] words = plan.Saes is [var sae]
            ? [digits, .. sae.Words]
            : [digits, $"{plan.Saes.Count}", "saes"];
        return $"{Id[..at]}-{Id[(at + Word.Length)..]}-{RunId.Clean(words)}";
    }

    /// <summary>The path of one of its runs.</summary>
    public string RunPath(string run) =>
        System.IO.Path.Combine(System.IO.Path.GetDirectoryName(Path)!, run);

    /// <summary>Until it is disposed of, no other process writes to this folder.</summary>
    /// <exception cref="Failure">Another process does.</exception>
    public IDisposable Lock() => FolderLock.Take(Path);

    /// <summary>The content of a JSON file of the folder.</summary>
    public static JsonObject ReadJson(string file) =>
        Json.TryObject(Files.ReadText(file))
        ?? throw Failure.BadInput(file, "is not a JSON object");

    // It is filled under another name, and moved to where nothing may be.
    private static bool TryMake(SweepFolder folder, SweepRecord record)
    {
        if (System.IO.Path.Exists(folder.Path))
        {
            return false;
        }

        var hidden = System.IO.Path.Combine(
            System.IO.Path.GetDirectoryName(folder.Path)!, $".{folder.Id}.{Guid.NewGuid():N}");
        try
        {
            RunFolder.WriteJson(new SweepFolder(hidden).RecordFile, record.ToJson());
            Directory.Move(hidden, folder.Path);
            return true;
        }
        catch (IOException) when (System.IO.Path.Exists(folder.Path))
        {
            Directory.Delete(hidden, recursive: true);
            return false;
        }
    }

    private string In(string name) => System.IO.Path.Combine(Path, name);
}
