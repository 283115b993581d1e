using System.CommandLine;
using System.Text.Json.Nodes;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Sweeps;

namespace SynthSae.Commands;

/// <summary>Lists the presets and the sweeps that come with the program.</summary>
internal sealed class PresetsCommand : CliCommand
{
    private readonly Host _host;
    private readonly Option<bool> _json = CliOptions.Json();

    public PresetsCommand(Host host)
        : base("presets", "List the runs and sweeps that can be named.")
    {
        _host = host;
        Add(_json);
        SetAction(Execute);
    }

    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae presets", "names and descriptions"),
        ("synthsae inspect small", "one in detail"),
    ];

    private int Execute(ParseResult parsed)
    {
        if (parsed.GetValue(_json))
        {
            _host.Out.Write(Json.Pretty(ToJson()));
            return ExitCode.Ok;
        }

        var table = new TextTable(new("preset"), new("what it is"));
        foreach (var preset in PresetList.All)
        {
            table.Add(preset.Name, preset.Description);
        }

        table.Write(_host.Out, _host.Width);
        _host.Out.WriteLine();
        var sweeps = new TextTable(new("sweep"), new("what it is"));
        foreach (var sweep in ShippedSweeps.All)
        {
            sweeps.Add(sweep.Name, sweep.Description);
        }

        sweeps.Write(_host.Out, _host.Width);
        return ExitCode.Ok;
    }

    private static JsonObject ToJson()
    {
        var presets = new JsonArray();
        foreach (var preset in PresetList.All)
        {
            presets.Add((JsonNode)new JsonObject
            {
                ["name"] = preset.Name,
                ["description"] = preset.Description,
                ["spec"] = JsonNode.Parse(RunSpecs.ToJson(preset.Run)),
            });
        }

        var sweeps = ShippedSweeps.All.Select(sweep => new JsonObject
        {
            ["name"] = sweep.Name,
            ["description"] = sweep.Description,
            ["spec"] = JsonNode.Parse(sweep.Text),
        });
        return new JsonObject
        {
            ["presets"] = presets,
            ["sweeps"] = new JsonArray([.. sweeps]),
        };
    }
}
