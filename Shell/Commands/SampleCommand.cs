using System.CommandLine;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Progress;
using SynthSae.Reports;
using SynthSae.Runs;
using SynthSae.Settings;

namespace SynthSae.Commands;

/// <summary>Draws samples of a synthetic model.</summary>
internal sealed class SampleCommand : CliCommand
{
    private const long DefaultSamples = 10_000;
    private const long DefaultFirst = 4096;

    private readonly Host _host;
    private readonly CommonOptions _common;
    private readonly Argument<string> _model = new("preset|folder")
    {
        Description = "A preset, a specification's file, a model folder, here or on the hub "
            + "(owner/name:path), or a run folder.",
    };

    private readonly Option<long?> _samples =
        CliOptions.Count("--samples", $"Samples to draw; {DefaultSamples} if not given.");

    private readonly Option<string?> _out = CliOptions.File(
        "--out",
        "FILE",
        "Write the samples as safetensors: x, and the true features (CSR); as .npy x alone.");

    private readonly Option<bool> _stats = new("--stats")
    {
        Description = "Print statistics; the default unless --out is given.",
    };

    private readonly Option<long?> _first = CliOptions.Count(
        "--first", $"Also count activity among the first N features; {DefaultFirst} if not given.");

    private readonly Option<string?> _features = CliOptions.File(
        "--features", "FILE", "Write nominal and achieved rate of every feature as CSV.");

    private readonly Option<bool> _json = CliOptions.Json();

    public SampleCommand(Host host)
        : base("sample", "Draw samples of a synthetic model: statistics, or the data themselves.")
    {
        _host = host;
        Arguments.Add(_model);
        Add(_samples);
        Add(_out);
        Add(_stats);
        Add(_first);
        Add(_features);
        Add(_json);
        _common = new CommonOptions(
            this,
            SettingNames.Threads,
            SettingNames.Backend,
            SettingNames.Device,
            SettingNames.Cache);
        SetAction(Execute);
    }

    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae sample synth-sae-bench-16k --samples 200k", "statistics of the benchmark"),
        ("synthsae sample small --samples 5000 --out small.safetensors", "data to use elsewhere"),
    ];

    private int Execute(ParseResult parsed)
    {
        var settings = _common.Read(parsed);
        var samples = SmallCount(parsed, _samples, DefaultSamples);
        var first = SmallCount(parsed, _first, DefaultFirst);
        var model = PullDisplay.Pin(_host, parsed.GetRequiredValue(_model));
        using var stop = new StopSignal(_host);
        LoadedWorld world;
        try
        {
            world = LoadWorld(model, settings, stop.Token);
        }
        catch (OperationCanceledException)
        {
            return stop.ExitCode;
        }

        stop.Dispose(); // from here on a signal ends the process by itself
        if (parsed.GetValue(_out) is { } file)
        {
            SampleFile.Write(file, world, samples, settings);
            _host.Error.WriteLine($"wrote {Counts.Exact(samples)} samples to {file}");
        }

        if (WantsStatistics(parsed))
        {
            Report(new WorldReport(settings, world, samples, first), parsed);
        }

        return ExitCode.Ok;
    }

    private LoadedWorld LoadWorld(string name, AppSettings settings, CancellationToken stop)
    {
        var observer = Observers.OnTerminal(_host);
        using (observer as IDisposable)
        {
            observer.Phase(RunPhase.World, "making the synthetic model");
            return Stoppable.Wait(() => Worlds.Load(name, settings), stop);
        }
    }

    private bool WantsStatistics(ParseResult parsed) =>
        parsed.GetValue(_out) is null
        || parsed.GetValue(_stats)
        || parsed.GetValue(_json)
        || parsed.GetValue(_features) is not null;

    private void Report(WorldReport report, ParseResult parsed)
    {
        if (parsed.GetValue(_features) is { } table)
        {
            Files.WriteText(table, report.FeatureTable());
        }

        if (parsed.GetValue(_json))
        {
            _host.Out.Write(Json.Pretty(report.ToJson()));
        }
        else
        {
            report.Write(_host);
        }
    }

    private static int SmallCount(ParseResult parsed, Option<long?> option, long fallback) =>
        (parsed.GetValue(option) ?? fallback) is <= int.MaxValue and var count
            ? (int)count
            : throw Failure.BadInput(option.Name, $"must be at most {int.MaxValue}");
}
