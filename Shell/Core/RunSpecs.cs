using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.FSharp.Collections;
using SynthSae.Hub;
using SynthSae.Runs;
using SynthSae.Spec;

namespace SynthSae.Core;

/// <summary>Specifications of runs, and their changes from the command line.</summary>
internal static class RunSpecs
{
    /// <summary>The specification in the reference's field names.</summary>
    public static string ToJson(RunSpec spec) => RunSpecModule.toJson(spec);

    /// <summary>
    /// The run that a preset, a specification's file, a run folder or its run.json describes, after
    /// the changes, each a path of the specification and a value, and with an SAE for every
    /// combination of the values of a sweep. A model on the hub is downloaded, and named with its
    /// commit from then on; <paramref name="observer"/> hears of that.
    /// </summary>
    /// <exception cref="SpecException">The specification breaks rules; all are listed.</exception>
    public static RunPlan Load(
        string name,
        IReadOnlyList<(string Path, string Value)> changes,
        IReadOnlyList<(string Path, string Values)>? sweep = null,
        IPullObserver? observer = null)
    {
        var (title, spec) = Read(name);
        var set = RunSpecModule.set(Pairs(changes), spec).OrThrow("what is set");
        var changed = RunSpecModule.sweep(Pairs(sweep ?? []), set).OrThrow("what is swept");
        return Plan(Title(title, spec, changed), name, changed, observer);
    }

    /// <summary>
    /// A specification from <paramref name="place"/> as a run of this title that is ready to start;
    /// models on the hub as above.
    /// </summary>
    /// <exception cref="SpecException">The specification breaks rules; all are listed.</exception>
    public static RunPlan Plan(
        string title, string place, RunSpec run, IPullObserver? observer = null)
    {
        Valid<RunSpec> Validate(RunSpec spec) => RunSpecModule.validate(spec).OrThrow(place);
        // What is wrong is told before anything is downloaded.
        var located = Located(Validate(run).Value, observer);
        return new RunPlan(title, Validate(located));
    }

    // A preset's name says nothing of a run once other data are set.
    private static string Title(string title, RunSpec before, RunSpec after) =>
        before.Data.IsSynthetic && after.Data is DataSource.Activations { Item.Files: var files }
            ? Path.GetFullPath(files.Head).Split('/')
                .LastOrDefault(part => part.Length > 0 && part.IndexOfAny(['*', '?']) < 0, title)
            : title;

    private static FSharpList<Tuple<string, string>> Pairs(
        IEnumerable<(string Path, string Value)> changes) =>
        ListModule.OfSeq(changes.Select(change => Tuple.Create(change.Path, change.Value)));

    /// <summary>The specification that a source describes, not validated.</summary>
    public static (string Title, RunSpec Spec) Read(string name) =>
        HubNames.Find(name) is not null ? throw NoRun(name, "no preset, file or folder here") :
        Sources.Find(name) switch
        {
            Source.OfPreset preset => (preset.Name, preset.Preset.Run),
            Source.RunFile file => ReadFile(file.Name, file.Text),
            Source.RunFolder { Folder: var folder } =>
                ReadFile(folder.RunFile, Files.ReadText(folder.RunFile)),
            Source.ModelFile or Source.ModelFolder =>
                throw NoRun(name, "a synthetic model, not a run"),
            _ => throw Failure.BadInput(name, "is an SAE, not a run; score it with synthsae eval"),
        };

    /// <summary>True if the run's synthetic model is just that of the preset.</summary>
    public static bool IsModelOf(RunSpec run, string preset) =>
        PresetList.Find(preset) is { } known
        && Equals(RunSpecModule.model(run), RunSpecModule.model(known.Run));

    private static Exception NoRun(string name, string what) =>
        Failure.BadInput(
            name,
            $"is {what}; a model, here or on the hub, is named in a run, e.g. "
                + $"synthsae run small --set synthetic_model={name}");

    // A run must find its data again, from any folder and at any time.
    private static RunSpec Located(RunSpec run, IPullObserver? observer) =>
        WithData(run, Located(run.Data, observer));

    /// <summary>The run on other data.</summary>
    public static RunSpec WithData(RunSpec run, DataSource data) =>
        new(data, run.Saes, run.Training, run.Evaluation);

    /// <summary>
    /// The same data by names that hold in any folder and at any time; a model on the hub is
    /// downloaded, and named with its commit.
    /// </summary>
    public static DataSource Located(DataSource data, IPullObserver? observer) =>
        data switch
        {
            DataSource.Synthetic { Item: ModelSource.Named { Item: var name } }
                when PresetList.Find(name) is null =>
                DataSource.NewSynthetic(ModelSource.NewNamed(
                    Path.Exists(name) ? Path.GetFullPath(name) : HubNames.Pin(name, observer))),
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
