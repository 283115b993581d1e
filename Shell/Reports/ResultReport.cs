using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Runs;

namespace SynthSae.Reports;

/// <summary>The table at the end of a run, for a reader who sees one for the first time.</summary>
public static class ResultReport
{
    /// <summary>Write the result to standard output.</summary>
    public static void Write(RunResult result, Host host)
    {
        var writer = host.Out;
        writer.WriteLine();
        writer.WriteLine(Title(result));
        writer.WriteLine(Pace(result));
        writer.WriteLine();
        if (result.Scores is { } scores)
        {
            ScoreTable.Write(scores, Published.For(result.Plan), result.Last.Samples, host);
            writer.WriteLine();
        }

        if (result.Pruning is { } pruning)
        {
            var words = pruning.Words;
            writer.WriteLine($"{char.ToUpperInvariant(words[0])}{words[1..]}.");
        }

        WriteFolder(result, writer);
    }

    private static string Title(RunResult result) =>
        $"{result.Plan.Name}: {result.Plan.Architecture}, "
        + $"{Counts.Exact(result.Plan.Latents)} latents, k = {result.Plan.K}";

    private static string Pace(RunResult result) =>
        $"trained on {Counts.Exact(result.Last.Samples)} samples in "
        + $"{Durations.Words(result.TrainingTime)} "
        + $"({Counts.Short(result.SamplesPerSecond)} samples/s); "
        + $"{Durations.Words(result.Clock.Total)} in all";

    private static void WriteFolder(RunResult result, TextWriter writer)
    {
        if (result.Interrupted)
        {
            var step = Counts.Exact(result.Last.Step);
            var when = result.Last.Step == result.Plan.Steps
                ? $"while scoring, after all {step} steps"
                : $"after step {step}";
            writer.WriteLine($"Stopped {when}. "
                + $"The SAE is saved in {result.Folder.SaeFolder}");
            if (result.Folder.NewestCheckpoint is not null)
            {
                writer.WriteLine($"Go on with: synthsae run --resume {result.Folder.Shown}");
            }

            writer.WriteLine($"Score it with: synthsae eval {result.Folder.Shown}");
        }
        else
        {
            writer.WriteLine($"Everything is in {result.Folder.Shown}");
        }
    }
}
