using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.FSharp.Collections;
using SynthSae.Runs;
using SynthSae.Spec;

namespace SynthSae.Core;

/// <summary>Specifications of runs, and their changes from the command line.</summary>
public static class RunSpecs
{
    /// <summary>The specification in the reference's field names.</summary>
    public static string ToJson(RunSpec spec) => RunSpecModule.toJson(spec);

    /// <summary>
    /// The run that a preset, a specification's file, a run folder or its run.json describes, after
    /// the changes, each a path of the specification and a value.
    /// </summary>
    /// <exception cref="SpecException">The specification breaks rules; all are listed.</exception>
    public static RunPlan Load(string name, IReadOnlyList<(string Path, string Value)> changes)
    {
        var (title, spec) = Read(name);
        var pairs = changes.Select(change => Tuple.Create(change.Path, change.Value));
        var changed = RunSpecModule.set(ListModule.OfSeq(pairs), spec).OrThrow("what is set");
        return new RunPlan(title, RunSpecModule.validate(Located(changed)).OrThrow(name));
    }

    /// <summary>The specification that a source describes, not validated.</summary>
    public static (string Title, RunSpec Spec) Read(string name) =>
        Sources.Find(name) switch
        {
            Source.OfPreset preset => (preset.Name, preset.Preset.Run),
            Source.RunFile file => ReadFile(file.Name, file.Text),
            Source.RunFolder { Folder: var folder } =>
                ReadFile(folder.RunFile, Files.ReadText(folder.RunFile)),
            Source.ModelFile or Source.ModelFolder => throw Failure.BadInput(
                name,
                "is a synthetic model, not a run; name it in a run, e.g. "
                    + $"synthsae run small --set synthetic_model={name}"),
            _ => throw Failure.BadInput(name, "is an SAE, not a run; score it with synthsae eval"),
        };

    /// <summary>True if the run's synthetic model is just that of the preset.</summary>
    public static bool IsModelOf(RunPlan plan, string preset) =>
        PresetList.Find(preset) is { } known
        && Equals(RunSpecModule.model(plan.Spec.Value), RunSpecModule.model(known.Run));

    // A run must find its data again from any folder.
    private static RunSpec Located(RunSpec run) =>
        new(Located(run.Data), run.Sae, run.Training, run.Evaluation);

    private static DataSource Located(DataSource data) =>
        data switch
        {
            DataSource.Synthetic { Item: ModelSource.Named { Item: var name } }
                when PresetList.Find(name) is null && Path.Exists(name) =>
                DataSource.NewSynthetic(ModelSource.NewNamed(Path.GetFullPath(name))),
            DataSource.Activations { Item: var files } => DataSource.NewActivations(
                new ActivationsSpec(
                    ListModule.OfSeq(files.Files.Select(Located)),
                    files.Tensor,
                    files.BufferRows,
                    files.HeldOut)),
            _ => data,
        };

    // An empty path is an error of the specification.
    private static string Located(string file) => file == "" ? file : Path.GetFullPath(file);

    private static (string Title, RunSpec Spec) ReadFile(string path, string text)
    {
        var (title, spec) = Unwrap(text) ?? (Path.GetFileNameWithoutExtension(path), text);
        return (title, RunSpecModule.ofJson(spec).OrThrow(path));
    }

    // run.json holds the specification beside its name and the machine.
    private static (string Title, string Spec)? Unwrap(string text)
    {
        try
        {
            return JsonNode.Parse(text) is JsonObject json
                && json[RunDescription.SpecKey] is { } spec
                && json["name"] is { } name
                ? ((string)name!, spec.ToJsonString())
                : null;
        }
        catch (Exception error) when (
            error is JsonException or InvalidOperationException or ArgumentException)
        {
            return null; // also fields given twice: the reader of runs says so
        }
    }
}
