using System.Text.Json.Nodes;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Settings;

namespace SynthSae.Runs;

/// <summary>
/// The settings of a run that another process begins, in its <c>run.json</c>: that process need not
/// have the configuration, the environment or the folder of the one that prepared it.
/// </summary>
internal static class PreparedSettings
{
    private const string Cuda = "cuda";

    private static readonly SettingDefinition[] Kept =
    [
        SettingNames.Backend, SettingNames.LogEvery, SettingNames.CheckpointEvery,
        SettingNames.CheckpointKeep,
    ];

    /// <summary>To be written when a run is prepared.</summary>
    public static JsonObject Of(AppSettings settings, string device)
    {
        var json = new JsonObject
        {
            [SettingNames.Device.Name] = device,
            [SettingNames.Runs.Name] = settings.RunsFolder,
            [SettingNames.Cache.Name] = settings.CacheFolder ?? "none",
        };
        if (!settings.IsDefault(SettingNames.Threads))
        {
            json[SettingNames.Threads.Name] = $"{settings.Threads}";
        }

        foreach (var value in settings.Effective.Where(value => Kept.Contains(value.Definition)))
        {
            json[value.Definition.Name] = value.Value;
        }

        return json;
    }

    /// <summary>
    /// The settings to run a folder with: its own, where it was prepared, under those given.
    /// </summary>
    /// <param name="folder">The run folder.</param>
    /// <param name="device">Where to compute; null for where the run itself wants to.</param>
    /// <param name="threads">Null for what the run itself says.</param>
    public static AppSettings Read(RunFolder folder, string? device, int? threads)
    {
        var run = Json.TryObject(Files.ReadText(folder.RunFile)) ?? [];
        var own = run[RunDescription.SettingsKey] as JsonObject ?? [];
        var values = SettingNames.All.ToDictionary(
            setting => setting.Name, setting => own[setting.Name]?.ToString());
        values[SettingNames.Device.Name] =
            device ?? RunDescription.Device(run) ?? Concrete(values[SettingNames.Device.Name]);
        values[SettingNames.Threads.Name] =
            threads?.ToString() ?? values[SettingNames.Threads.Name];
        return SettingsReader.Read(values);
    }

    // A wish that leaves a choice: a run without a slot has the GPUs that it can see.
    private static string? Concrete(string? wish) =>
        wish == "any" ? Compute.Cuda.Devices.describe().IsOk ? Cuda : "cpu" : wish;
}
