using System.Text.Json.Nodes;
using SynthSae.Compute;
using SynthSae.Core;
using SynthSae.Data;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Progress;
using SynthSae.Settings;
using SynthSae.Spec;

namespace SynthSae.Reports;

/// <summary>Tells presets, files and folders apart, and describes each.</summary>
internal sealed class Inspection(AppSettings settings, Host host)
{
    private const string ModelField = "synthetic_model";
    private const string ActivationsField = "activations";

    /// <summary>Describe what a name stands for.</summary>
    public void Write(string name)
    {
        switch (Sources.Find(name))
        {
            case Source.OfPreset preset:
                Line($"{name}: a preset");
                Line(preset.Preset.Description);
                WriteRun(preset.Preset.Run);
                break;
            case Source.RunFile file:
                var spec = RunSpecs.Read(file.Name).Spec;
                Line($"{name}: the specification of a run");
                WriteRun(spec);
                break;
            case Source.RunFolder run:
                var repeated = RunSpecs.Read(name).Spec;
                new RunReport(run.Folder, host).Write();
                WriteRun(repeated);
                break;
            case Source.ModelFile file:
                var model = Worlds.ReadModel(file);
                Line($"{name}: the specification of a synthetic model");
                WriteModel(model);
                break;
            case Source.ModelFolder:
                var world = Worlds.Load(name, settings);
                Line($"{name}: a synthetic model's folder");
                WriteWorld(world);
                break;
            default:
                new SaeReport(SavedSaes.Open(name), host).Write();
                break;
        }
    }

    private void WriteRun(RunSpec run)
    {
        var json = Parse(RunSpecs.ToJson(run));
        if (RunSpecModule.model(run) is { Value: { } model })
        {
            WriteModel(model);
        }
        else if (run.Data is DataSource.Synthetic { Item: ModelSource.Named named })
        {
            WriteWorld(Worlds.Load(PullDisplay.Pin(host, named.Item), settings));
        }
        else if (run.Data is DataSource.Activations files)
        {
            WriteActivations(files.Item);
            SpecReport.Write(json[ActivationsField]!.AsObject(), host);
        }

        WriteSaes(json);
        Heading("Training and evaluation");
        SpecReport.Write(
            json, host, ModelField, ActivationsField, SpecPaths.Sae, SpecPaths.Saes);
    }

    private void WriteSaes(JsonObject run)
    {
        if (run[SpecPaths.Sae] is JsonObject sae)
        {
            Heading($"SAE (fields {SpecPaths.Sae}.…)");
            SpecReport.Write(sae, host);
            return;
        }

        foreach (var (index, one) in run[SpecPaths.Saes]!.AsArray().Index())
        {
            Heading($"SAE (fields {SpecPaths.Saes}[{index}].…)");
            SpecReport.Write(one!.AsObject(), host);
        }
    }

    // The specification can be read where the files cannot.
    private void WriteActivations(ActivationsSpec spec)
    {
        var heading = $"Activations (fields {ActivationsField}.…)";
        try
        {
            using var data = ActivationData.Open(spec, 0, settings);
            Heading($"{heading}: {data.Words}");
        }
        catch (BadInput error)
        {
            Heading(heading);
            Line($"note: {error.Message}");
        }
    }

    private void WriteModel(SyntheticModelSpec model)
    {
        WriteFields(model);
        Line("");
        new ForestReport(ForestView.Of(model), host.Out).Write();
    }

    private void WriteWorld(LoadedWorld loaded)
    {
        WriteFields(loaded.World.Spec);
        Line("");
        new ForestReport(ForestView.Of(loaded.World), host.Out).Write();
        foreach (var warning in loaded.Notes)
        {
            Line($"note: {warning}");
        }
    }

    private void WriteFields(SyntheticModelSpec model)
    {
        Heading($"Synthetic model (fields {ModelField}.…): "
            + $"{Counts.Exact(model.NumFeatures)} features in R^{model.HiddenDim}");
        SpecReport.Write(Parse(SyntheticModelSpecModule.toJson(model)), host);
    }

    private void Heading(string text)
    {
        Line("");
        Line(text);
    }

    private void Line(string text) => host.Out.WriteLine(text);

    private static JsonObject Parse(string json) => JsonNode.Parse(json)!.AsObject();
}
