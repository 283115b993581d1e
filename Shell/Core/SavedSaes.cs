using System.Text.Json.Nodes;
using SynthSae.Compute;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Runs;
using SaeFiles = SynthSae.Compute.Files.SaeFolderModule;

namespace SynthSae.Core;

/// <summary>SAE folders in the reference's format.</summary>
public static class SavedSaes
{
    /// <summary>
    /// Write an SAE in its inference form; the metadata says how it was trained, and below what it
    /// is to be pruned if that was looked for.
    /// </summary>
    public static void Write(
        string folder, Sae sae, Pruning? pruning, RunPlan plan, StepProgress last)
    {
        var metadata = new JsonObject
        {
            ["synthsae_version"] = Build.Version,
            ["training_architecture"] = plan.Architecture.ToLowerInvariant(),
            ["training_samples"] = last.Samples,
            ["training_steps"] = last.Step,
            ["seed"] = plan.Spec.Value.Training.Seed,
        };
        if (pruning is not null)
        {
            metadata[Pruning.Key] = pruning.Threshold;
        }

        SaeFiles.write(folder, metadata, sae);
    }

    /// <summary>Read an SAE folder, here or on the hub, or that of a run.</summary>
    public static SavedSae Open(string path)
    {
        var name = RunFolder.Is(path) ? RunFolder.Open(path).SaeFolder : path;
        var folder = HubNames.Locate(name);
        if (!Directory.Exists(folder))
        {
            throw Failure.BadInput(folder, "there is no such folder");
        }

        var read = SaeFiles.read(folder);
        var pruning = ReadPruning(Path.Combine(folder, SaeFiles.ConfigFile), read.Config.Text);
        return new SavedSae(name, read.Inference, read.Config.Architecture, pruning);
    }

    private static Pruning? ReadPruning(string file, string config)
    {
        if (Json.TryObject(config)?["metadata"] is not JsonObject metadata
            || !metadata.TryGetPropertyValue(Pruning.Key, out var node))
        {
            return null;
        }

        return node is null ? new Pruning(null, PruningOrigin.Saved)
            : node is JsonValue value && value.TryGetValue<float>(out var threshold)
                && float.IsFinite(threshold)
                ? new Pruning(threshold, PruningOrigin.Saved)
            : throw Failure.BadInput(
                file, $"metadata.{Pruning.Key}: must be a number or null (got {node})");
    }
}
