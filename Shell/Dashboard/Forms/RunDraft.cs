using System.Text.Json.Nodes;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using SynthSae.Compute.Training;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Spec;
using SynthSae.Store;

namespace SynthSae.Dashboard.Forms;

/// <summary>
/// A run that is being made up: a preset, and changes. Always checked, as a whole, by the rules that
/// the run itself will be checked by.
/// </summary>
internal sealed record RunDraft
{
    private const string SaePrefix = "sae.";

    private RunDraft(
        string preset, string device, IReadOnlyList<(string Path, string Value)> changes)
    {
        (Preset, Device, Changes) = (preset, device, changes);
        var spec = PresetList.Find(preset)!.Run;
        var set = RunSpecModule.set(
            ListModule.OfSeq(changes.Select(change => Tuple.Create(change.Path, Read(change.Value)))), spec);
        Spec = set.IsOk ? set.ResultValue : null;
        Fields = SpecDifference.Flatten(
            Json.TryObject(RunSpecs.ToJson(Spec ?? spec)) ?? new JsonObject());
        if (!set.IsOk)
        {
            Errors = [.. set.ErrorValue];
            return;
        }

        var valid = RunSpecModule.validate(set.ResultValue);
        Plan = valid.IsOk ? new RunPlan(preset, valid.ResultValue) : null;
        Errors = valid.IsOk ? [] : [.. valid.ErrorValue];
    }

    /// <summary>What it begins from.</summary>
    public string Preset { get; }

    /// <summary>Where it is to be computed.</summary>
    public string Device { get; }

    /// <summary>What is changed, each path once, in the order in which it was.</summary>
    public IReadOnlyList<(string Path, string Value)> Changes { get; }

    /// <summary>The specification; null if what was changed cannot be read.</summary>
    public RunSpec? Spec { get; }

    /// <summary>The run; null if there are errors.</summary>
    public RunPlan? Plan { get; }

    /// <summary>Everything that is wrong.</summary>
    public IReadOnlyList<SpecError> Errors { get; }

    /// <summary>All fields of the specification, as far as it can be read, with their values.</summary>
    public IReadOnlyDictionary<string, string> Fields { get; }

    /// <summary>A preset without changes.</summary>
    public static RunDraft Of(string preset) => new(preset, "cpu", []);

    /// <summary>The changes as the specification reads them.</summary>
    public IReadOnlyList<(string Path, string Value)> Settings =>
        [.. Changes.Select(change => (change.Path, Read(change.Value)))];

    /// <summary>The command line that starts the same run.</summary>
    public string Command =>
        string.Join(' ', [
            $"synthsae start {Preset}",
            .. Device == "cpu" ? Array.Empty<string>() : [$"--device {Device}"],
            .. Changes.Select(change => $"--set {change.Path}={Quoted(Read(change.Value))}"),
        ]);

    /// <summary>The value of a field as it is typed.</summary>
    public string Value(DraftField field) =>
        field.Path switch
        {
            DraftField.Preset => Preset,
            DraftField.Device => Device,
            _ => Changes.FirstOrDefault(change => change.Path == field.Path).Value
                ?? Fields.GetValueOrDefault(field.Path, field.Choices.FirstOrDefault("")).Trim('"'),
        };

    /// <summary>Whether a field differs from the preset.</summary>
    public bool IsChanged(DraftField field) => Changes.Any(change => change.Path == field.Path);

    /// <summary>What is wrong with a field; null if nothing.</summary>
    public SpecError? ErrorOf(DraftField field) =>
        Errors.FirstOrDefault(error => error.Path == field.Path);

    /// <summary>With a field changed; an empty text takes the change back.</summary>
    public RunDraft With(string path, string value) =>
        path switch
        {
            DraftField.Preset => PresetList.Find(value) is null ? this : Of(value).On(Device),
            DraftField.Device => On(value),
            DraftField.Architecture => WithArchitecture(value),
            _ => Changed(path, value),
        };

    /// <summary>About the memory that it takes; null if that cannot be told.</summary>
    public long? Memory()
    {
        if (Plan is null)
        {
            return null;
        }

        var model = RunSpecModule.model(Plan.Spec.Value);
        return OptionModule.IsNone(model)
            ? null
            : MemoryPlanModule.predict(
                Plan.Spec.Value, model.Value.NumFeatures, model.Value.HiddenDim).Total;
    }

    private RunDraft On(string device) => new(Preset, device, Changes);

    private RunDraft Changed(string path, string value)
    {
        var others = Changes.Where(change => change.Path != path);
        return new RunDraft(Preset, Device, value.Trim().Length == 0 ? [.. others] : [.. others, (path, value.Trim())]);
    }

    // Fields that another architecture does not have go with the old one.
    private RunDraft WithArchitecture(string value)
    {
        var changed = Changed(DraftField.Architecture, value);
        var first = changed.Changes.Where(change => change.Path == DraftField.Architecture);
        var others = changed.Changes.Where(change => change.Path != DraftField.Architecture).ToList();
        var whole = new RunDraft(Preset, Device, [.. first, .. others]);
        return whole.Spec is not null
            ? whole
            : new RunDraft(Preset, Device, [.. first, .. others.Where(change =>
                !change.Path.StartsWith(SaePrefix, StringComparison.Ordinal)
                || whole.Errors.All(error => error.Path != change.Path))]);
    }

    // 2M is two million wherever a number is asked for.
    private static string Read(string value) =>
        Counts.TryParse(value, out var count) ? $"{count}" : value;

    private static string Quoted(string value) =>
        value.All(letter => char.IsLetterOrDigit(letter) || "._-+/:@".Contains(letter)) ? value : $"'{value}'";
}
