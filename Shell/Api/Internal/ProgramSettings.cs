using System.Globalization;
using SynthSae.Settings;

namespace SynthSae.Api;

/// <summary>The settings of the shell that the options of the public API stand for.</summary>
internal static class ProgramSettings
{
    /// <summary>Settings for computations that leave no run behind.</summary>
    public static AppSettings Of(ComputeOptions options) =>
        SettingsReader.OfProgram(Flags(options));

    /// <summary>Settings for runs; one of which nothing is kept writes no checkpoints.</summary>
    public static AppSettings Of(TrainingOptions options, bool keeps)
    {
        var flags = Flags(options.Compute);
        flags[SettingNames.LogEvery.Name] = Text(options.LogEvery);
        flags[SettingNames.CheckpointEvery.Name] =
            !keeps ? "off"
            : options.CheckpointEvery is { } steps ? Text(steps)
            : null;
        flags[SettingNames.Runs.Name] = options.RunsFolder;
        return SettingsReader.OfProgram(flags);
    }

    private static Dictionary<string, string?> Flags(ComputeOptions options)
    {
        var isReference = options.Device == ComputeDevice.Reference;
        var isOpen = options.Device == ComputeDevice.Cpu || options.Device == ComputeDevice.Any;
        return new()
        {
            [SettingNames.Threads.Name] = options.Threads is { } threads ? Text(threads) : null,
            [SettingNames.Backend.Name] = isReference ? "reference" : null,
            [SettingNames.Device.Name] = isReference || isOpen ? null : options.Device.Name,
            [SettingNames.Cache.Name] = options.UseCache ? options.CacheFolder : "none",
        };
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
