using System.Text.Json;
using SynthSae.Formatting;

namespace SynthSae.Core;

/// <summary>Tells presets, files and folders apart.</summary>
internal static class Sources
{
    private const string ModelConfig = "synthetic_model_config.json";
    private const string SaeConfig = "cfg.json";

    /// <summary>
    /// What a name stands for; a preset is found before a file of the same name, and a folder
    /// before one on the hub, which is downloaded if it is not in the cache.
    /// </summary>
    public static Source Find(string name) =>
        PresetList.Find(name) is { } preset ? new Source.OfPreset(name, preset)
        : Directory.Exists(name) ? Folder(name, name)
        : File.Exists(name) ? OfFile(name)
        : HubNames.Find(name) is not null ? Folder(name, HubNames.Locate(name))
        : throw Failure.BadInput(
            name, $"there is no such preset, file or folder{Nearest.Hint(name, PresetList.Names)}");

    private static Source Folder(string name, string folder)
    {
        bool Has(string file) => File.Exists(Path.Combine(folder, file));
        return Runs.RunFolder.Is(folder) ? new Source.RunFolder(name, Runs.RunFolder.Open(folder))
            : Has(ModelConfig) ? new Source.ModelFolder(name, folder)
            : Has(SaeConfig) ? new Source.SaeFolder(name, folder)
            : throw Failure.BadInput(
                name,
                $"is no run, model or SAE: it holds no run.json, {ModelConfig} or {SaeConfig}");
    }

    private static Source OfFile(string name)
    {
        var text = Files.ReadText(name);
        return HasField(text, "num_features")
            ? new Source.ModelFile(name, text)
            : new Source.RunFile(name, text);
    }

    // Anything else is left to the reader of runs, which knows what to say of it.
    private static bool HasField(string text, string field)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            return json.RootElement.ValueKind == JsonValueKind.Object
                && json.RootElement.TryGetProperty(field, out _);
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
