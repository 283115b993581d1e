using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.Configuration.Json;
using SynthSae.Compute.Cuda;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Hosting;

namespace SynthSae.Settings;

/// <summary>Reads the settings from all their sources.</summary>
internal static class SettingsReader
{
    private const int MaxThreads = 1024;
    private const int MaxIdleSeconds = 365 * 24 * 3600;

    /// <summary>The files that may hold settings, the later one prevails.</summary>
    public static IReadOnlyList<string> Files =>
    [
        Path.Combine(Folders.Config, "synthsae", "config.json"),
        Path.GetFullPath("synthsae.json"),
    ];

    /// <summary>Settings in force, given the flags of the command line by setting name.</summary>
    /// <exception cref="Failure">A file cannot be read, or a value breaks its rule.</exception>
    public static AppSettings Read(IReadOnlyDictionary<string, string?> flags) =>
        Interpret(Build(flags, Outside));

    /// <summary>
    /// Settings of a program that gives them itself: neither files nor the environment count.
    /// </summary>
    /// <exception cref="Failure">A value breaks its rule.</exception>
    public static AppSettings OfProgram(IReadOnlyDictionary<string, string?> flags) =>
        Interpret(Build(flags, _ => { }));

    private static AppSettings Interpret(IConfigurationRoot configuration)
    {
        var effective = SettingNames.All.Select(setting => Find(configuration, setting)).ToList();
        EffectiveSetting Of(SettingDefinition setting) =>
            effective[SettingNames.All.ToList().IndexOf(setting)];

        var reference = Word(Of(SettingNames.Backend), "cpu", "reference") == "reference";
        var device = Device(Of(SettingNames.Device));
        if (reference && device is not null)
        {
            throw Failure.BadInput(
                Place(Of(SettingNames.Device)),
                $"the reference backend computes on the processor (got {device})");
        }

        return new AppSettings(
            (int)Count(Of(SettingNames.Threads), 1, MaxThreads),
            reference,
            device,
            Folder(Of(SettingNames.Runs)),
            Of(SettingNames.Cache).Value == "none" ? null : Folder(Of(SettingNames.Cache)),
            (int)Count(Of(SettingNames.LogEvery), 1, int.MaxValue),
            Checkpoints(Of(SettingNames.CheckpointEvery), Of(SettingNames.CheckpointKeep)),
            effective,
            [.. Files.Select(file => (file, File.Exists(file)))])
        {
            Slurm = SlurmSettings.Read(Of),
            CpuSlots = (int)Count(Of(SettingNames.CpuSlots), 1, MaxThreads),
            SupervisorIdle = TimeSpan.FromSeconds(
                Count(Of(SettingNames.SupervisorIdle), 0, MaxIdleSeconds)),
        };
    }

    private static IConfigurationRoot Build(
        IReadOnlyDictionary<string, string?> flags, Action<ConfigurationBuilder> addOutside)
    {
        var builder = new ConfigurationBuilder();
        builder.AddInMemoryCollection(SettingNames.All.ToDictionary(
            setting => setting.Name, setting => (string?)setting.Default()));
        addOutside(builder);
        builder.AddInMemoryCollection(flags.Where(flag => flag.Value is not null));
        return builder.Build();
    }

    private static void Outside(ConfigurationBuilder builder)
    {
        foreach (var file in Files.Where(File.Exists))
        {
            CheckNames(file);
            builder.AddJsonFile(file, optional: false, reloadOnChange: false);
        }

        builder.AddEnvironmentVariables(SettingNames.Prefix);
    }

    // What is no setting would otherwise be ignored in silence.
    private static void CheckNames(string file)
    {
        IConfigurationRoot alone;
        try
        {
            alone = new ConfigurationBuilder().AddJsonFile(file, false, false).Build();
        }
        catch (InvalidDataException error)
        {
            throw Failure.BadInput(file, error.GetBaseException().Message);
        }

        var known = SettingNames.All.Select(setting => setting.Name).ToList();
        foreach (var child in alone.GetChildren())
        {
            var key = child.Key;
            if (!known.Contains(key, StringComparer.OrdinalIgnoreCase))
            {
                var hint = Nearest.Hint(key, known);
                throw Failure.BadInput(file, $"no setting is named {key}{hint}");
            }

            if (child.GetChildren().Any())
            {
                throw Failure.BadInput(file, $"{key}: must be one value");
            }
        }
    }

    private static EffectiveSetting Find(
        IConfigurationRoot configuration, SettingDefinition setting)
    {
        var providers = configuration.Providers.ToList();
        var index = providers.FindLastIndex(provider =>
            provider.TryGet(setting.Name, out var found) && !string.IsNullOrEmpty(found));
        var provider = providers[Math.Max(index, 0)];
        provider.TryGet(setting.Name, out var value);
        var source = provider switch
        {
            JsonConfigurationProvider json => json.Source.FileProvider?
                .GetFileInfo(json.Source.Path ?? "").PhysicalPath ?? json.Source.Path ?? "file",
            EnvironmentVariablesConfigurationProvider => $"environment {setting.Variable}",
            _ => index <= 0 ? "default" : setting.Flag,
        };
        return new EffectiveSetting(setting, value ?? setting.Default(), source);
    }

    internal static long Count(EffectiveSetting setting, long min, long max) =>
        Counts.TryParse(setting.Value, out var count) && count >= min && count <= max
            ? count
            : throw Wrong(setting, $"must be a whole number from {min} to {max}");

    internal static string Word(EffectiveSetting setting, params string[] words) =>
        words.FirstOrDefault(word => word.Equals(setting.Value, StringComparison.OrdinalIgnoreCase))
        ?? throw Wrong(setting, $"must be {string.Join(" or ", words)}");

    private static DeviceChoice? Device(EffectiveSetting setting)
    {
        if (setting.Value.Equals("cpu", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var choice = DeviceChoiceModule.parse(setting.Value);
        return choice.IsOk
            ? choice.ResultValue
            : throw Wrong(setting, "must be cpu, cuda, cuda:NUMBER or cuda:freest");
    }

    private static CheckpointPolicy Checkpoints(EffectiveSetting every, EffectiveSetting keep)
    {
        var kept = (int)Count(keep, 1, int.MaxValue);
        return every.Value.ToLowerInvariant() switch
        {
            "auto" => new CheckpointPolicy(null, CheckpointPolicy.Automatic, kept),
            "off" => new CheckpointPolicy(null, null, kept),
            var text => Counts.TryParse(text, out var steps) && steps >= 1
                ? new CheckpointPolicy(steps, null, kept)
                : throw Wrong(every, "must be a whole number of steps from 1, auto or off"),
        };
    }

    private static string Folder(EffectiveSetting setting) => Path.GetFullPath(setting.Value);

    internal static Exception Wrong(EffectiveSetting setting, string rule) =>
        Failure.BadInput(Place(setting), $"{rule} (got {setting.Value})");

    private static string Place(EffectiveSetting setting) =>
        File.Exists(setting.Source)
            ? $"{setting.Source}: {setting.Definition.Name}"
            : setting.Source.Replace("environment ", "");
}
