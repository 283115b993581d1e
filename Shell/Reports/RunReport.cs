using System.Text.Json.Nodes;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Runs;
using SynthSae.Store;

namespace SynthSae.Reports;

/// <summary>Describes a run folder: where it came from, how far it got, what it scored.</summary>
internal sealed class RunReport(RunFolder folder, Host host)
{
    private readonly RunSummary? _run = RunReading.Read(folder.Path, DateTime.UtcNow);

    /// <summary>Write it.</summary>
    public void Write()
    {
        var run = Parse(folder.RunFile, Files.ReadText(folder.RunFile));
        host.Out.WriteLine($"{folder.Path}: the folder of a run");
        host.Out.WriteLine();
        var table = new TextTable(new(""), new(""))
            .Add("  created", Text(run["created"]))
            .Add("  program", $"synthsae {Text(run["program"]?["version"])}")
            .Add("  backend", $"{Text(run["backend"])}, {Text(run["threads"])} threads")
            .Add("  machine", Text(run["machine"]?["processor"]))
            .Add("  state", State());
        if (_run is { Status: not (RunStatus.Running or RunStatus.Finished) })
        {
            table.Add("  go on", GoOn());
        }

        table.Write(host.Out, host.Width);

        if (File.Exists(folder.ResultFile))
        {
            WriteResult(Parse(folder.ResultFile, Files.ReadText(folder.ResultFile)));
        }
    }

    private void WriteResult(JsonObject result)
    {
        if (result["saes"] is not JsonArray saes)
        {
            WriteScores(result["evaluation"], "the saved SAE");
            return;
        }

        foreach (var sae in saes)
        {
            WriteScores(sae!["evaluation"], Text(sae["folder"]));
        }
    }

    private void WriteScores(JsonNode? evaluation, string what)
    {
        if (evaluation?["saved_form"] is JsonObject saved)
        {
            host.Out.WriteLine();
            host.Out.WriteLine($"Scores of {what}");
            ScoreTable.Write(Scores.OfJson(saved), host);
        }

        if (evaluation?["pruned_form"] is JsonObject pruned)
        {
            host.Out.WriteLine();
            host.Out.WriteLine(
                $"Scores of {what} pruned below " + Text(evaluation["pruning"]?["threshold"]));
            ScoreTable.Write(Scores.OfJson(pruned), host);
        }
    }

    private string State()
    {
        if (_run is null)
        {
            return "not known";
        }

        var now = _run.Snapshot;
        var at = Timestamps.Milliseconds(now.Updated);
        var step = now.Step > 0 ? $", step {Counts.Exact(now.Step)}" : "";
        return now.Status switch
        {
            RunStatus.Running => $"running; last heard of at {at}: {now.Phase}{step}",
            RunStatus.Interrupted => $"interrupted: its process died; last heard of at {at}: "
                + $"{now.Phase}{step}",
            _ => $"{now.Status.Word()} at {at}"
                + (now.Message is { } message ? $": {message}" : ""),
        };
    }

    private string GoOn() =>
        folder.NewestCheckpoint is { } step
            ? $"synthsae run --resume {folder.Shown} (from step {Counts.Exact(step)})"
            : $"no checkpoint; to start anew: synthsae run {folder.Shown}";

    private static JsonObject Parse(string file, string text) =>
        Json.TryObject(text) ?? throw Failure.BadInput(file, "is not a JSON object");

    private static string Text(JsonNode? node, string missing = "?") => node?.ToString() ?? missing;
}
