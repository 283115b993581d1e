using System.CommandLine;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Progress;
using SynthSae.Settings;

namespace SynthSae.Commands;

/// <summary>What encode and decode share: an SAE folder, a file in and a file out.</summary>
internal abstract class TransformCommand : CliCommand
{
    private readonly Host _host;
    private readonly CommonOptions _common;
    private readonly Argument<string> _sae = new("sae folder|run")
    {
        Description = "An SAE folder, here or on the hub (owner/name:path), or a run folder.",
    };

    private readonly Option<string> _input;
    private readonly Option<string> _output;

    protected TransformCommand(Host host, string name, string description, string from, string to)
        : base(name, description)
    {
        _host = host;
        _input = Required("--input", $"The file with tensor {from}, or an .npy file.");
        _output = Required("--output", $"The file to write, with tensor {to}, or an .npy file.");
        Arguments.Add(_sae);
        Add(_input);
        Add(_output);
        _common = new CommonOptions(
            this, SettingNames.Threads, SettingNames.Backend, SettingNames.Device);
        SetAction(Execute);
    }

    /// <summary>Read, compute, write; the number of samples, and what else is to be said.</summary>
    protected abstract (long Rows, string? Note) Transform(
        ParseResult parsed, SavedSae sae, string input, string output, AppSettings settings);

    private int Execute(ParseResult parsed)
    {
        var settings = _common.Read(parsed);
        var output = parsed.GetRequiredValue(_output);
        var sae = SavedSaes.Open(PullDisplay.Pin(_host, parsed.GetRequiredValue(_sae)));
        var (rows, note) =
            Transform(parsed, sae, parsed.GetRequiredValue(_input), output, settings);
        if (note is not null)
        {
            _host.Error.WriteLine(note);
        }

        _host.Error.WriteLine($"wrote {Counts.Exact(rows)} samples to {output}");
        return ExitCode.Ok;
    }

    private static Option<string> Required(string name, string description) =>
        new(name) { Description = description, HelpName = "FILE", Required = true };
}
