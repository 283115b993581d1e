using System.Text.Json.Nodes;
using SynthSae.Compute.Files;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Runs;

namespace SynthSae.Reports;

/// <summary>Describes a run folder: where it came from, how far it got, what it scored.</summary>
internal sealed class RunReport(RunFolder folder, Host host)
{
    private readonly bool _goesOn = FolderLock.IsHeld(folder.Path);

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
        if (!_goesOn && !folder.IsFinished)
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

    // The last whole line of the log tells; a run that was killed leaves no word of an end.
    private string State()
    {
        if (!File.Exists(folder.EventsFile))
        {
            return "not started";
        }

        var events = Files.ReadText(folder.EventsFile).Split('\n');
        var last = events.Select(Json.TryObject).LastOrDefault(line => line is not null);
        var time = Text(last?["time"]);
        return Text(last?["event"]) switch
        {
            // The result comes before the last word.
            _ when folder.IsFinished => $"finished at {time}",
            "interrupted" => $"interrupted at {time}",
            "failed" => $"failed at {time}: {Text(last?["message"])}",
            var other => $"{(_goesOn ? "running" : "killed")}; last heard of at {time}: "
                + $"{other} {Text(last?["step"] ?? last?["phase"], "")}",
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
