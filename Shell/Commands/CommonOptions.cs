using System.CommandLine;
using SynthSae.Settings;

namespace SynthSae.Commands;

/// <summary>The options of a command that stand for settings.</summary>
internal sealed class CommonOptions
{
    private readonly List<(SettingDefinition Setting, Option<string?> Option)> _options = [];

    /// <summary>Give the command an option for each of the settings.</summary>
    public CommonOptions(Command command, params SettingDefinition[] settings)
    {
        foreach (var setting in settings)
        {
            var option = new Option<string?>(setting.Flag)
            {
                Description = setting.Meaning,
                HelpName = setting.HelpName is { } name ? name
                    : setting == SettingNames.Backend || setting == SettingNames.Device ? "NAME"
                    : setting == SettingNames.Runs || setting == SettingNames.Cache ? "DIR"
                    : "N",
            };
            _options.Add((setting, option));
            command.Options.Add(option);
        }
    }

    /// <summary>The settings in force for this command line.</summary>
    public AppSettings Read(ParseResult parsed) =>
        SettingsReader.Read(
            _options.ToDictionary(pair => pair.Setting.Name, pair => parsed.GetValue(pair.Option)));
}
