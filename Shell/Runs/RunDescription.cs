using System.Globalization;
using System.Text.Json.Nodes;
using SynthSae.Compute;
using SynthSae.Compute.Cuda;
using SynthSae.Core;
using SynthSae.Hosting;
using SynthSae.Settings;

namespace SynthSae.Runs;

/// <summary>The content of run.json: everything needed to run it again.</summary>
internal static class RunDescription
{
    /// <summary>Key of the specification in run.json.</summary>
    public const string SpecKey = "spec";

    private const string BackendKey = "backend";
    private const string DeviceKey = "device";
    private const string GpuKey = "gpu";
    private const string Reference = "reference";
    private const string Cuda = "cuda";
    private const string TimeFormat = "yyyy-MM-ddTHH:mm:ssZ";

    public static JsonObject Of(RunPlan plan, AppSettings settings)
    {
        var json = new JsonObject
        {
            ["schema"] = 1,
            ["name"] = plan.Name,
            ["created"] = DateTime.UtcNow.ToString(TimeFormat, CultureInfo.InvariantCulture),
            ["program"] = new JsonObject { ["version"] = Build.Version, ["commit"] = Build.Commit },
            ["machine"] = Machine.ToJson(),
            [BackendKey] = BackendModule.kind(settings.Backend()),
        };
        if (settings.Gpu() is { } gpu)
        {
            json[DeviceKey] = $"{settings.Device}";
            json[GpuKey] = GpuDescription.ToJson(gpu);
        }

        json["threads"] = settings.Threads;
        json[SpecKey] = JsonNode.Parse(plan.Json);
        return json;
    }

    /// <summary>
    /// The settings with the backend that a run began on: its GPU, unless they name another.
    /// </summary>
    /// <exception cref="Failure">The command line asks for what the run cannot go on with.</exception>
    public static AppSettings Own(RunFolder folder, AppSettings settings)
    {
        var json = JsonNode.Parse(Files.ReadText(folder.RunFile));
        var backend = json?[BackendKey]?.ToString();
        if (settings.IsFlag(SettingNames.Device)
            && backend == Cuda != settings.Device is not null)
        {
            throw Failure.BadInput(
                SettingNames.Device.Flag,
                $"{folder.Shown} began on {(backend == Cuda ? "a GPU" : "the processor")} "
                    + "and goes on there");
        }

        return settings with
        {
            UseReference = backend == Reference,
            Device = backend != Cuda ? null
                : settings.Device ?? Recorded(folder, json?[DeviceKey]?.ToString()),
        };
    }

    /// <summary>What the run's GPU was, in words; null if it had none.</summary>
    public static string? Gpu(RunFolder folder) =>
        JsonNode.Parse(Files.ReadText(folder.RunFile))?[GpuKey] is JsonObject gpu
            ? GpuDescription.Words(gpu)
            : null;

    private static DeviceChoice Recorded(RunFolder folder, string? device)
    {
        var choice = DeviceChoiceModule.parse(device ?? "");
        return choice.IsOk
            ? choice.ResultValue
            : throw Failure.BadInput($"{folder.RunFile}: {DeviceKey}", choice.ErrorValue);
    }
}
