using System.Text.Json.Nodes;
using SynthSae.Compute;
using SynthSae.Compute.Cuda;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Settings;

namespace SynthSae.Runs;

/// <summary>The content of run.json: everything needed to run it again.</summary>
internal static class RunDescription
{
    /// <summary>Key of the specification in run.json.</summary>
    public const string SpecKey = "spec";

    /// <summary>Key of the settings that a prepared run is to be run with.</summary>
    public const string SettingsKey = "settings";

    /// <summary>Key of the sweep that a run belongs to.</summary>
    public const string SweepKey = "sweep";

    private const string CreatedKey = "created";
    private const string BackendKey = "backend";
    private const string DeviceKey = "device";
    private const string GpuKey = "gpu";
    private const string Reference = "reference";
    private const string Cpu = "cpu";
    private const string Cuda = "cuda";
    /// <summary>Of a run that begins here and now.</summary>
    /// <param name="plan">What is run.</param>
    /// <param name="settings">The settings in force.</param>
    /// <param name="prepared">What was written when the run was prepared; null if it was
    ///   not.</param>
    public static JsonObject Of(
        RunPlan plan, AppSettings settings, JsonObject? prepared = null)
    {
        var json = Start(plan, BackendModule.kind(settings.Backend()));
        if (settings.Gpu() is { } gpu)
        {
            json[DeviceKey] = $"{settings.Device}";
            json[GpuKey] = GpuDescription.ToJson(gpu);
        }

        json["threads"] = settings.Threads;
        foreach (var key in new[] { CreatedKey, SettingsKey, SweepKey })
        {
            if (prepared?[key] is { } kept)
            {
                json[key] = kept.DeepClone();
            }
        }

        json[SpecKey] = JsonNode.Parse(plan.Json);
        return json;
    }

    /// <summary>Of a run that another process begins, perhaps on another machine.</summary>
    /// <param name="plan">What is to be run.</param>
    /// <param name="settings">The settings that it is to be run with.</param>
    /// <param name="device">Where it is to be computed; no GPU is opened.</param>
    /// <param name="sweep">The sweep that it belongs to; null if to none.</param>
    public static JsonObject Prepared(
        RunPlan plan, AppSettings settings, string device, string? sweep)
    {
        var json = Start(plan, settings.UseReference ? Reference : device == Cpu ? Cpu : Cuda);
        json[SettingsKey] = PreparedSettings.Of(settings, device);
        if (sweep is not null)
        {
            json[SweepKey] = sweep;
        }

        json[SpecKey] = JsonNode.Parse(plan.Json);
        return json;
    }

    private static JsonObject Start(RunPlan plan, string backend) =>
        new()
        {
            ["schema"] = 1,
            ["name"] = plan.Name,
            [CreatedKey] = Timestamps.Seconds(DateTime.UtcNow),
            ["program"] = new JsonObject { ["version"] = Build.Version, ["commit"] = Build.Commit },
            ["machine"] = Machine.ToJson(),
            [BackendKey] = backend,
        };

    /// <summary>
    /// The settings with the backend that a run began on: its GPU, unless they name another.
    /// </summary>
    /// <exception cref="Failure">The command line asks for what the run cannot go on
    ///   with.</exception>
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

    /// <summary>
    /// The device that a run has begun on: cpu, cuda:1; null if it was only prepared.
    /// </summary>
    public static string? Device(JsonObject run) =>
        run["threads"] is null ? null
        : run[BackendKey]?.ToString() == Cuda ? run[DeviceKey]?.ToString() ?? Cuda
        : Cpu;

    private static DeviceChoice Recorded(RunFolder folder, string? device)
    {
        var choice = DeviceChoiceModule.parse(device ?? "");
        return choice.IsOk
            ? choice.ResultValue
            : throw Failure.BadInput($"{folder.RunFile}: {DeviceKey}", choice.ErrorValue);
    }
}
