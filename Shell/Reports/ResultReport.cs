using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Runs;
using SynthSae.Store;

namespace SynthSae.Reports;

/// <summary>The table at the end of a run, for a reader who sees one for the first time.</summary>
internal static class ResultReport
{
    /// <summary>Write the result to standard output.</summary>
    public static void Write(RunResult result, Host host)
    {
        var writer = host.Out;
        writer.WriteLine();
        writer.WriteLine(Title(result));
        writer.WriteLine(Pace(result));
        writer.WriteLine();
        if (result.Saes is [var one])
        {
            WriteOne(one, host);
        }
        else
        {
            SeveralReport.Write(result.Saes, host);
            writer.WriteLine();
        }

        WriteFolder(result, writer);
    }

    private static void WriteOne(SaeResult sae, Host host)
    {
        if (sae.Scores is { } scores)
        {
            ScoreTable.Write(scores, Published.For(sae.Plan), sae.State.Last.Samples, host);
            host.Out.WriteLine();
        }

        if (sae.Pruning is { } pruning)
        {
            var words = pruning.Words;
            host.Out.WriteLine($"{char.ToUpperInvariant(words[0])}{words[1..]}.");
        }
    }

    private static string Title(RunResult result) =>
        result.Saes is [{ Plan: var sae }]
            ? $"{result.Plan.Name}: {sae.Architecture}, {Counts.Exact(sae.Latents)} latents"
                + (double.IsNaN(sae.K) ? "" : $", k = {sae.K}")
            : $"{result.Plan.Name}: {result.Saes.Count} SAEs";

    private static string Pace(RunResult result) =>
        $"trained on {Counts.Exact(result.Samples)} samples in "
        + $"{Durations.Words(result.TrainingTime)} "
        + $"({Counts.Short(result.SamplesPerSecond)} samples/s); "
        + $"{Durations.Words(result.Clock.Total)} in all";

    private static void WriteFolder(RunResult result, TextWriter writer)
    {
        if (result.IsPartial)
        {
            var step = Counts.Exact(result.Steps);
            var when = result.Steps == result.Plan.Steps
                ? $"while scoring, after all {step} steps"
                : $"after step {step}";
            var saved = result.Saes is [{ Plan: var sae }]
                ? $"The SAE is saved in {result.Folder.SaeFolder(sae)}"
                : $"The SAEs are saved in {result.Folder.Path}";
            writer.WriteLine(
                $"{(result.End == RunStatus.Paused ? "Paused" : "Stopped")} {when}. {saved}");
            if (result.Folder.NewestCheckpoint is not null)
            {
                writer.WriteLine($"Go on with: synthsae run --resume {result.Folder.Shown}");
            }

            writer.WriteLine(result.Saes.Count == 1
                ? $"Score it with: synthsae eval {result.Folder.Shown}"
                : "Score one with: synthsae eval "
                    + Path.Combine(
                        result.Folder.Shown, "saes", result.Saes[0].Plan.Label));
        }
        else
        {
            writer.WriteLine($"Everything is in {result.Folder.Shown}");
        }
    }
}
