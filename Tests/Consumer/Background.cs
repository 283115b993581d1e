using SynthSae;

namespace SynthSae.Examples;

/// <summary>Runs that are executed by processes of their own.</summary>
public static class Background
{
    /// <summary>Start two, follow them, stop and resume one.</summary>
    public static async Task RunAsync(string folder, TextWriter output)
    {
        var runs = new RunDirectory(Path.Combine(folder, "runs"));
        var options = new TrainingOptions
        {
            Compute = new ComputeOptions { Threads = 2, UseCache = false },
            CheckpointEvery = 10,
        };
        var tiny = RunSpecification.FromPreset("tiny") with { EvaluationSamples = 2048 };
        var endless = runs.Start(
            tiny with { TrainingSamples = 1_024_000_000 }, options, priority: 1);
        var brief = runs.Start(tiny with { TrainingSamples = 20_480 }, options);
        output.WriteLine($"{runs.List().Count} runs: {endless.Status}, {brief.Status}");

        await foreach (var now in runs.FollowAsync(endless.Id))
        {
            if (now.Step > 0)
            {
                break;
            }
        }

        var paused = await runs.PauseAsync(endless.Id);
        output.WriteLine($"{paused.Status} behind step {paused.Checkpoint}");
        RunInfo? last = null;
        await foreach (var now in runs.FollowAsync(brief.Id))
        {
            last = now;
        }

        var record = RunRecord.Open(last!.Folder);
        output.WriteLine($"{last.Status}: F1 {last.Saes[0].F1:f3}, {record.Entries.Count} entries");
        runs.Resume(endless.Id);
        await foreach (var now in runs.FollowAsync(endless.Id))
        {
            if (now.Step > paused.Step)
            {
                break;
            }
        }

        var stopped = await runs.StopAsync(endless.Id);
        var sae = SparseAutoencoder.Load(stopped.Folder);
        output.WriteLine($"{stopped.Status}, with an SAE of {sae.Width} latents");
        if (last.Status != RunStatus.Finished || stopped.Step <= paused.Step)
        {
            throw new InvalidOperationException("the runs have not gone as they should");
        }
    }
}
