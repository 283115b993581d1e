using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using SynthSae.Compute.Files;
using SynthSae.Compute.Training;
using SynthSae.Core;
using SynthSae.Hosting;
using SynthSae.Settings;

namespace SynthSae.Runs;

/// <summary>Where an interrupted run goes on from.</summary>
/// <param name="Training">The state of training of each SAE.</param>
/// <param name="Run">What the run itself had kept.</param>
/// <param name="Notes">What the reader should know.</param>
internal sealed record Resumption(
    IReadOnlyList<TrainerState> Training, RunState Run, IReadOnlyList<string> Notes)
{
    /// <summary>The newest checkpoint of a run that is whole.</summary>
    /// <exception cref="Failure">The run has finished, or there is no such checkpoint.</exception>
    public static Resumption Find(RunFolder folder, RunPlan plan, AppSettings settings)
    {
        if (folder.IsFinished)
        {
            throw Failure.BadInput(
                folder.Path, $"has finished; to repeat it: synthsae run {folder.Shown}");
        }

        var identities = plan.Saes.Select(sae => Trainer.Identity(settings.Backend(), sae.Spec));
        var latest = CheckpointModule.latest(
            folder.CheckpointsFolder, ListModule.OfSeq(identities));
        var skipped = latest.Skipped
            .Select(damaged => $"{damaged.Item1}: {damaged.Item2}")
            .ToList();
        if (!OptionModule.IsSome(latest.Checkpoint))
        {
            throw Failure.BadInput(folder.Path, string.Join("\n  ", [
                "has no checkpoint to go on from; to start anew: "
                    + $"synthsae run {folder.Shown}",
                .. skipped]));
        }

        var found = latest.Checkpoint.Value;
        return new Resumption(
            [.. found.Trainers],
            Read(CheckpointModule.file(folder.CheckpointsFolder, found.Steps), found.Run),
            [
                .. skipped.Select(text => $"checkpoint passed over: {text}"),
                .. OtherBuild(folder),
                .. OtherGpu(folder, settings),
            ]);
    }

    private static RunState Read(string file, string text)
    {
        try
        {
            return RunState.OfJson(text);
        }
        catch (JsonException error)
        {
            throw Failure.BadInput(file, $"is of another version: {error.Message}");
        }
    }

    private static IEnumerable<string> OtherBuild(RunFolder folder)
    {
        var program = JsonNode.Parse(Files.ReadText(folder.RunFile))?["program"];
        var (version, commit) = ((string?)program?["version"], (string?)program?["commit"]);
        if (version != Build.Version || commit != Build.Commit)
        {
            yield return $"begun by synthsae {version} {commit}, this is {Build.Version} "
                + $"{Build.Commit}: the result may differ from an uninterrupted run's";
        }
    }

    private static IEnumerable<string> OtherGpu(RunFolder folder, AppSettings settings)
    {
        if (settings.Gpu() is { } gpu
            && GpuDescription.Words(GpuDescription.ToJson(gpu)) is var now
            && RunDescription.Gpu(folder) is { } before
            && before != now)
        {
            yield return $"begun on {before}, this is {now}: the result may differ from an "
                + "uninterrupted run's";
        }
    }
}
