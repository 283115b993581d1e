using System.CommandLine;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Settings;

namespace SynthSae.Commands;

/// <summary>Draws samples of a synthetic model.</summary>
internal sealed class SampleCommand : CliCommand
{
    private const long DefaultSamples = 10_000;

    private readonly Host _host;
    private readonly CommonOptions _common;
    private readonly Argument<string> _model = new("preset|folder")
    {
        Description = "A preset, a specification's file, a model folder or a run folder.",
    };

    private readonly Option<long?> _samples =
        CliOptions.Count("--samples", $"Samples to draw; {DefaultSamples} if not given.");

    private readonly Option<string?> _out = CliOptions.File(
        "--out", "FILE.safetensors", "Write the samples: x, and the true features as CSR tensors.");

    private readonly Option<bool> _stats = new("--stats")
    {
        Description = "Print statistics; the default unless --out is given.",
    };

    private readonly Option<bool> _json = CliOptions.Json();

    public SampleCommand(Host host)
        : base("sample", "Draw samples of a synthetic model: statistics, or the data themselves.")
    {
        _host = host;
        Arguments.Add(_model);
        Add(_samples);
        Add(_out);
        Add(_stats);
        Add(_json);
        _common = new CommonOptions(this, SettingNames.Threads, SettingNames.Backend, SettingNames.Cache);
        SetAction(Execute);
    }

    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae sample synth-sae-bench-16k --samples 200k", "statistics of the benchmark's world"),
        ("synthsae sample small --samples 5000 --out small.safetensors", "data for another program"),
    ];

    private int Execute(ParseResult parsed)
    {
        var settings = _common.Read(parsed);
        var samples = parsed.GetValue(_samples) ?? DefaultSamples;
        var world = Worlds.Load(parsed.GetRequiredValue(_model), settings);
        var file = parsed.GetValue(_out);
        if (file is not null)
        {
            SampleFile.Write(file, world, samples, settings);
            _host.Error.WriteLine($"wrote {Counts.Exact(samples)} samples to {file}");
        }

        var json = parsed.GetValue(_json);
        if (!json && file is not null && !parsed.GetValue(_stats))
        {
            return ExitCode.Ok;
        }

        var statistics = WorldStatistics.Draw(settings, world, samples);
        if (json)
        {
            _host.Out.Write(Json.Pretty(statistics.ToJson()));
        }
        else
        {
            statistics.Write(_host);
        }

        return ExitCode.Ok;
    }
}
