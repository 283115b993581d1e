using System.Text.Json.Nodes;
using SynthSae.Compute.Files;
using SynthSae.Core;
using SynthSae.Formatting;

namespace SynthSae.Runs;

/// <summary>
/// The folder that a run leaves behind. Every file in it is written whole, except for
/// <see cref="EventsFile"/>, which only grows.
/// </summary>
internal sealed class RunFolder
{
    private const string One = "sae";
    private const string Several = "saes";

    private RunFolder(string path) => Path = System.IO.Path.GetFullPath(path);

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>Its own name.</summary>
    public string Id => System.IO.Path.GetFileName(Path);

    /// <summary>What is run: specification, program, machine.</summary>
    public string RunFile => In("run.json");

    /// <summary>What happened, one JSON object per line.</summary>
    public string EventsFile => In("events.jsonl");

    /// <summary>What the run is doing, as it said last.</summary>
    public string StatusFile => In("status.json");

    /// <summary>Tags and a note that people have given it.</summary>
    public string LabelsFile => In("labels.json");

    /// <summary>Requests to the run, a file each.</summary>
    public string ControlFolder => In("control");

    /// <summary>
    /// Folders of the SAEs in their inference form, as far as they are there; that of the one SAE
    /// if there are none.
    /// </summary>
    public IReadOnlyList<string> SaeFolders =>
        Directory.Exists(In(Several))
            ? [.. Directory.EnumerateDirectories(In(Several)).Order(StringComparer.Ordinal)]
            : [In(One)];

    /// <summary>All metrics and times; there once the run has finished.</summary>
    public string ResultFile => In("result.json");

    /// <summary>Where an interrupted run goes on from.</summary>
    public string CheckpointsFolder => In("checkpoints");

    /// <summary>The stack trace of a bug.</summary>
    public string CrashFile => In("crash.txt");

    /// <summary>True if the run has come to its end.</summary>
    public bool IsFinished =>
        File.Exists(ResultFile)
        && Json.TryObject(Files.ReadText(ResultFile))?["status"]?.ToString() == "finished";

    /// <summary>
    /// Steps after which the newest checkpoint was written; null if there is none.
    /// </summary>
    public long? NewestCheckpoint =>
        CheckpointModule.steps(CheckpointsFolder) is { IsEmpty: false } steps ? steps.Head : null;

    /// <summary>As one would type it: from the working folder if it lies below.</summary>
    public string Shown => ShownPath.Of(Path);

    /// <summary>Where an SAE is kept in its inference form.</summary>
    public string SaeFolder(SaePlan sae) =>
        sae.IsAlone ? In(One) : System.IO.Path.Combine(In(Several), sae.Label);

    /// <summary>One row per latent of an SAE; there once it was scored.</summary>
    public string LatentsFile(SaePlan sae) =>
        System.IO.Path.Combine(TablesFolder(sae), "latents.csv");

    /// <summary>Where the tables of an SAE lie.</summary>
    public string TablesFolder(SaePlan sae) => TablesFolder(SaeFolder(sae));

    /// <summary>Where the tables of an SAE lie that is kept in one of the run's folders.</summary>
    public string TablesFolder(string saeFolder) =>
        System.IO.Path.GetFullPath(saeFolder) == In(One) ? Path : saeFolder;

    /// <summary>The run that an SAE's folder belongs to; null if to none.</summary>
    public static RunFolder? Holding(string saeFolder)
    {
        var above = Directory.GetParent(System.IO.Path.GetFullPath(saeFolder).TrimEnd('/'));
        var folder = above?.Name == Several ? above.Parent : above;
        return folder is not null && Is(folder.FullName) ? new RunFolder(folder.FullName) : null;
    }

    /// <summary>True if the folder looks like one of a run.</summary>
    public static bool Is(string path) => File.Exists(System.IO.Path.Combine(path, "run.json"));

    /// <summary>An existing run folder.</summary>
    public static RunFolder Open(string path) =>
        Is(path)
            ? new RunFolder(path)
            : throw Failure.BadInput(path, "is not a run folder (no run.json)");

    /// <summary>Make a folder of this very name, which must not exist or be empty.</summary>
    public static RunFolder CreateAt(string path)
    {
        if (File.Exists(path))
        {
            throw Failure.BadInput(path, "is a file; a run needs a folder");
        }

        if (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())
        {
            throw Failure.BadInput(path, "is not empty; a run never overwrites files");
        }

        return TryClaim(path) ?? throw Failure.BadInput(path, "another run has just begun there");
    }

    /// <summary>
    /// Make a folder in <paramref name="runs"/> under a name that no other run has.
    /// </summary>
    public static RunFolder CreateIn(string runs, string id)
    {
        var path = System.IO.Path.Combine(runs, id);
        for (var number = 2; ; number++)
        {
            if (!Directory.Exists(path) && TryClaim(path) is { } folder)
            {
                return folder;
            }

            path = System.IO.Path.Combine(runs, $"{id}-{number}");
        }
    }

    // Of several runs that begin at once, the one that makes the file of events has the folder.
    private static RunFolder? TryClaim(string path)
    {
        Files.CreateFolder(path);
        var folder = new RunFolder(path);
        return Files.TryCreate(folder.EventsFile) ? folder : null;
    }

    /// <summary>Write a JSON file of the folder.</summary>
    public static void WriteJson(string file, JsonNode content) =>
        Files.WriteText(file, Json.Pretty(content));

    private string In(string name) => System.IO.Path.Combine(Path, name);
}
