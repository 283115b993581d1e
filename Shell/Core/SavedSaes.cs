using System.Text.Json.Nodes;
using SynthSae.Compute;
using SynthSae.Compute.Files;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Runs;
using SaeFiles = SynthSae.Compute.Files.SaeFolderModule;

namespace SynthSae.Core;

/// <summary>SAE folders in the reference's format.</summary>
internal static class SavedSaes
{
    /// <summary>
    /// Write an SAE in its inference form; the metadata says how it was trained, and below what it
    /// is to be pruned if that was looked for.
    /// </summary>
    public static void Write(
        string folder, Sae sae, Pruning? pruning, SaePlan plan, StepProgress last)
    {
        var metadata = new JsonObject
        {
            ["synthsae_version"] = Build.Version,
            ["training_architecture"] = plan.Architecture.ToLowerInvariant(),
            ["training_samples"] = last.Samples,
            ["training_steps"] = last.Step,
            ["seed"] = plan.Seed,
        };
        if (pruning is not null)
        {
            metadata[Pruning.Key] = pruning.Threshold;
        }

        SaeFiles.write(folder, metadata, sae);
    }

    /// <summary>
    /// Write how often each latent of a saved SAE fires, as shares of samples.
    /// </summary>
    public static void WriteSparsity(string folder, double[] rates) =>
        SaeFiles.writeSparsity(folder, rates);

    /// <summary>
    /// Read an SAE folder, here or on the hub, or that of a run that trained one SAE.
    /// </summary>
    public static SavedSae Open(string path)
    {
        var name = Name(path);
        var folder = Locate(name);
        var read = SaeFiles.read(folder);
        var pruning = ReadPruning(Path.Combine(folder, SaeFiles.ConfigFile), read.Config.Text);
        return new SavedSae(
            name,
            read.Inference,
            read.Config.Architecture,
            read.Config.Form.IsTraining,
            [.. read.Notes],
            pruning);
    }

    private static string OnlyFolder(RunFolder run) =>
        run.SaeFolders is [var one]
            ? one
            : throw Failure.BadInput(run.Shown, $"has {run.SaeFolders.Count} SAEs; name one, e.g. "
                + Path.Combine(run.Shown, Path.GetRelativePath(run.Path, run.SaeFolders[0])));

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

    /// <summary>
    /// Convert an SAE folder, here or on the hub, or that of a run, into one at
    /// <paramref name="destination"/>; one that is there is replaced with
    /// <paramref name="replace"/>.
    /// </summary>
    public static ConvertedSae Convert(
        string source, string destination, SaeTarget target, bool replace)
    {
        if (!replace && Directory.Exists(destination)
            && Directory.EnumerateFileSystemEntries(destination).Any())
        {
            throw Failure.BadInput(destination, "is not empty; --force replaces an SAE folder");
        }

        var name = Name(source);
        var (from, to) = SaeConversionModule.convert(target, Locate(name), destination, replace);
        return new ConvertedSae(
            new(name, from.Config.Architecture, from.Config.Form.IsTraining),
            new(destination, to.Architecture, to.Form.IsTraining),
            [.. to.Changes]);
    }

    private static string Name(string path) =>
        RunFolder.Is(path) ? OnlyFolder(RunFolder.Open(path)) : path;

    private static string Locate(string name) =>
        HubNames.Locate(name) is var folder && Directory.Exists(folder)
            ? folder
            : throw Failure.BadInput(folder, "there is no such folder");
}
