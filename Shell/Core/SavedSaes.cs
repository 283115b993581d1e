using System.Text.Json.Nodes;
using SynthSae.Compute;
using SynthSae.Hosting;
using SynthSae.Runs;
using SaeFiles = SynthSae.Compute.Files.SaeFolderModule;

namespace SynthSae.Core;

/// <summary>SAE folders in the reference's format.</summary>
public static class SavedSaes
{
    /// <summary>Write an SAE in its inference form; the metadata says how it was trained.</summary>
    public static void Write(string folder, Sae sae, RunPlan plan, StepProgress last)
    {
        var metadata = new JsonObject
        {
            ["synthsae_version"] = Build.Version,
            ["training_architecture"] = plan.Architecture.ToLowerInvariant(),
            ["training_samples"] = last.Samples,
            ["training_steps"] = last.Step,
            ["seed"] = plan.Spec.Value.Training.Seed,
        };
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
        return new SavedSae(name, read.Inference, read.Config.Architecture);
    }
}
