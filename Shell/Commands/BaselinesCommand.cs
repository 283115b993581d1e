using System.CommandLine;
using SynthSae.Compute.Baselines;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Progress;
using SynthSae.Reports;
using SynthSae.Runs;
using SynthSae.Settings;

namespace SynthSae.Commands;

/// <summary>Scores encoders that know the true features.</summary>
internal sealed class BaselinesCommand : CliCommand
{
    private const long DefaultSamples = 20_000;
    private const int DefaultWidth = 4096;

    private readonly Host _host;
    private readonly CommonOptions _common;
    private readonly Argument<string> _model = new("preset|folder")
    {
        Description = "A preset, a specification's file, a model folder or a run folder.",
    };

    private readonly Option<long?> _width = CliOptions.Count(
        "--width",
        $"Track the first N features; the SAE's width, or {DefaultWidth}, if not given.");

    private readonly Option<long?> _samples =
        CliOptions.Count("--samples", $"Samples to score on; {DefaultSamples} if not given.");

    private readonly Option<long?> _fitSamples = CliOptions.Count(
        "--fit-samples",
        $"Samples to fit thresholds on; {Baselining.DefaultFitSamples} if not given.");

    private readonly Option<string?> _only = new("--only")
    {
        Description = "Only some, separated by commas; lda stands for lda, lda-own and so on.",
        HelpName = "NAMES",
    };

    private readonly Option<bool> _json = CliOptions.Json();

    public BaselinesCommand(Host host)
        : base("baselines", "Score what can be reached with the true features' directions.")
    {
        _host = host;
        Arguments.Add(_model);
        Add(_width);
        Add(_samples);
        Add(_fitSamples);
        Add(_only);
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
        ("synthsae baselines small", "all of them, in seconds"),
        ("synthsae baselines synth-sae-bench-16k --only tied,lda", "the cheap ones"),
    ];

    private int Execute(ParseResult parsed)
    {
        var settings = _common.Read(parsed);
        using var stop = new StopSignal(_host);
        try
        {
            var report = Score(parsed, settings, stop.Token);
            if (parsed.GetValue(_json))
            {
                _host.Out.Write(Json.Pretty(report.ToJson()));
            }
            else
            {
                report.Write(_host);
            }

            return ExitCode.Ok;
        }
        catch (OperationCanceledException)
        {
            return stop.ExitCode;
        }
    }

    private BaselineReport Score(ParseResult parsed, AppSettings settings, CancellationToken stop)
    {
        var model = PullDisplay.Pin(_host, parsed.GetRequiredValue(_model));
        var samples = parsed.GetValue(_samples) ?? DefaultSamples;
        var fitSamples = Small(parsed, _fitSamples) ?? Baselining.DefaultFitSamples;
        var only = parsed.GetValue(_only);
        var names = only is null
            ? Baselining.Names
            : Baselining.Select(only.Split(',', StringSplitOptions.TrimEntries));
        var observer = Observers.OnTerminal(_host);
        using (observer as IDisposable)
        {
            observer.Phase(RunPhase.World, "making the synthetic model");
            var world = Stoppable.Wait(() => Worlds.Load(model, settings), stop);
            var width = Small(parsed, _width)
                ?? Math.Min(world.World.NumFeatures, Worlds.SaeWidth(model) ?? DefaultWidth);
            var sizes = new BaselineSettings(width, samples, fitSamples);
            var scored = Baselining.Score(settings, world, sizes, names, Hear);
            return new BaselineReport(world, sizes, [.. scored]);
        }

        void Hear(string what, long done, long of)
        {
            stop.ThrowIfCancellationRequested();
            observer.Phase(RunPhase.Evaluation, what);
            observer.Scoring(done, of);
        }
    }

    private static int? Small(ParseResult parsed, Option<long?> option) =>
        parsed.GetValue(option) switch
        {
            null => null,
            <= int.MaxValue and var count => (int)count,
            _ => throw Failure.BadInput(option.Name, $"must be at most {int.MaxValue}"),
        };
}
