using System.Text.Json.Nodes;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Hosting;

namespace SynthSae.Dashboard.Runtime;

/// <summary>What the dashboard remembers, in a small file of the user.</summary>
internal sealed class SettingsFile(string path) : IEffectHandler
{
    private const string ModeKey = "mode";
    private const string ValuesKey = "values";

    /// <summary>That of this user.</summary>
    public static SettingsFile OfUser { get; } =
        new(Path.Combine(Folders.Config, "synthsae", "dashboard.json"));

    /// <summary>Read it; what cannot be understood is as if it had never been kept.</summary>
    public ViewSettings Read()
    {
        var json = TryRead();
        var values = (json?[ValuesKey] as JsonObject ?? [])
            .Select(pair => (pair.Key, Value: Text(pair.Value)))
            .Where(pair => pair.Value is not null)
            .ToDictionary(pair => pair.Key, pair => pair.Value!);
        return new ViewSettings(
            Enum.TryParse<ViewMode>(Text(json?[ModeKey]), true, out var mode)
                ? mode
                : ViewMode.Auto,
            values);
    }

    /// <summary>Keep the settings whenever they are changed.</summary>
    public IEnumerable<Msg>? Handle(Effect effect)
    {
        if (effect is not Effect.Set { Settings: var settings })
        {
            return null;
        }

        Files.CreateFolder(Path.GetDirectoryName(path)!);
        Files.WriteText(path, Json.Pretty(ToJson(settings)));
        return [];
    }

    private static JsonObject ToJson(ViewSettings settings)
    {
        var values = new JsonObject();
        foreach (var (name, value) in settings.Values
            .OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            values[name] = value;
        }

        return new JsonObject
        {
            [ModeKey] = settings.Mode.ToString().ToLowerInvariant(),
            [ValuesKey] = values,
        };
    }

    private JsonObject? TryRead()
    {
        try
        {
            return Json.TryObject(File.ReadAllText(path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string? Text(JsonNode? node) =>
        node is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}
