using System.Text.Json.Nodes;
using SynthSae.Formatting;

namespace SynthSae.Slurm;

/// <summary>One array job of a sweep.</summary>
/// <param name="Script">The file of its script.</param>
/// <param name="Job">Its number; null if the program ended before it learned it.</param>
/// <param name="Runs">The ids of the runs, by the index of their tasks.</param>
/// <param name="Submitted">When (UTC), in ISO 8601.</param>
internal sealed record Submission(
    string Script, long? Job, IReadOnlyList<string> Runs, string Submitted)
{
    /// <summary>Where a task writes what it has to say.</summary>
    public string LogFile(int task) => Path.ChangeExtension(Script, null) + $"-{task}.log";

    /// <summary>The same for all tasks, as sbatch takes it: % begins a placeholder there.</summary>
    public string LogPattern =>
        Path.ChangeExtension(Script, null).Replace("%", "%%") + "-%a.log";

    /// <summary>The file that keeps this.</summary>
    public string RecordFile => RecordOf(Script);

    /// <summary>The file that keeps the submission of a script.</summary>
    public static string RecordOf(string script) => Path.ChangeExtension(script, ".json");

    /// <summary>As it is kept.</summary>
    public JsonObject ToJson() =>
        new()
        {
            ["job"] = Job,
            ["submitted"] = Submitted,
            ["runs"] = new JsonArray([.. Runs.Select(run => JsonValue.Create(run))]),
        };

    /// <summary>Read what <see cref="ToJson"/> gave; null if it is something else.</summary>
    public static Submission? TryRead(string script, string text)
    {
        try
        {
            return Json.TryObject(text) is { } json
                && json["runs"] is JsonArray runs
                && json["submitted"] is { } submitted
                ? new Submission(
                    script,
                    (long?)json["job"],
                    [.. runs.Select(run => (string)run!)],
                    (string)submitted!)
                : null;
        }
        catch (Exception error) when (error is InvalidOperationException or FormatException)
        {
            return null;
        }
    }
}
