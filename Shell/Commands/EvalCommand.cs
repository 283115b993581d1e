using System.CommandLine;
using SynthSae.Compute;
using SynthSae.Compute.Baselines;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Progress;
using SynthSae.Reports;
using SynthSae.Runs;
using SynthSae.Settings;
using SynthSae.Spec;

namespace SynthSae.Commands;

/// <summary>Scores a saved SAE.</summary>
internal sealed class EvalCommand : CliCommand
{
    private const long DefaultSamples = 100_000;
    private const int BatchSize = 1024;

    private readonly Host _host;
    private readonly CommonOptions _common;
    private readonly Argument<string> _sae = new("sae folder|run")
    {
        Description = "An SAE folder (cfg.json, sae_weights.safetensors), here or on the hub "
            + "(owner/name:path), or a run folder.",
    };

    private readonly Option<string?> _model = CliOptions.File(
        "--model", "preset|folder", "The model to score it on, also on the hub; a run has its own.");

    private readonly Option<long?> _samples =
        CliOptions.Count("--samples", $"Samples to score on; {DefaultSamples} if not given.");

    private readonly Option<PruningSpec?> _prune =
        CliOptions.Prune("as its folder says, or found on samples");

    private readonly Option<bool> _baselines = new("--baselines")
    {
        Description = "Score beside it what can be reached with the true directions.",
    };

    private readonly Option<bool> _json = CliOptions.Json();

    public EvalCommand(Host host)
        : base("eval", "Score a saved SAE against the true features of a synthetic model.")
    {
        _host = host;
        Arguments.Add(_sae);
        Add(_model);
        Add(_samples);
        Add(_prune);
        Add(_baselines);
        Add(_json);
        _common = new CommonOptions(
            this, SettingNames.Threads, SettingNames.Backend, SettingNames.Cache);
        SetAction(Execute);
    }

    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae eval runs/ID", "score a run's SAE again, on its own model"),
        ("synthsae eval runs/ID --baselines", "and how far it is from what can be reached"),
        ("synthsae eval my-sae --model synth-sae-bench-16k --samples 1M", "any SAE folder"),
        ("synthsae eval runs/ID --prune auto", "without latents that fire by mistake"),
    ];

    private int Execute(ParseResult parsed)
    {
        var settings = _common.Read(parsed);
        var path = PullDisplay.Pin(_host, parsed.GetRequiredValue(_sae));
        var model = parsed.GetValue(_model) is { } name ? PullDisplay.Pin(_host, name) : null;
        var samples = parsed.GetValue(_samples) ?? DefaultSamples;
        using var stop = new StopSignal(_host);
        try
        {
            var wish = parsed.GetValue(_prune) ?? PruningSpec.Off;
            var report = Score(path, model, samples, wish, settings, stop.Token);
            if (parsed.GetValue(_baselines))
            {
                report = report with { Baselines = ScoreBaselines(report, settings, stop.Token) };
            }

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

    private SaeScoreReport Score(
        string path,
        string? model,
        long samples,
        PruningSpec wish,
        AppSettings settings,
        CancellationToken stop)
    {
        var observer = Observers.OnTerminal(_host);
        using (observer as IDisposable)
        {
            var saved = SavedSaes.Open(path);
            observer.Phase(RunPhase.World, "making the synthetic model");
            var world = Stoppable.Wait(() => LoadWorld(path, model, settings), stop);
            var pruning = Pruning.Decide(wish, saved.Pruning, () => Find(world, saved.Sae));
            observer.Phase(RunPhase.Evaluation, $"{Counts.Exact(samples)} samples");
            var inference = Pruning.Apply(pruning, saved.Sae);
            var scored = Scoring.Score(
                settings,
                world,
                inference,
                samples,
                BatchSize,
                done => Hear(done, samples));
            return new SaeScoreReport(path, saved.Sae, world, scored.Scores, pruning, []);

            Pruning Find(LoadedWorld world, Sae sae)
            {
                const long most = PruningThreshold.DefaultSamples;
                observer.Phase(RunPhase.Evaluation, "looking for the pruning threshold");
                var data = new SampledBatches(world.Sampler(settings.Backend()));
                return Pruning.Find(settings, sae, data, most, BatchSize, done => Hear(done, most));
            }

            void Hear(long done, long all)
            {
                stop.ThrowIfCancellationRequested();
                observer.Scoring(done, all);
            }
        }
    }

    private IReadOnlyList<Baselining.Scored> ScoreBaselines(
        SaeScoreReport report, AppSettings settings, CancellationToken stop)
    {
        var observer = Observers.OnTerminal(_host);
        using (observer as IDisposable)
        {
            var world = report.World;
            var width = Math.Min(report.Sae.Latents, world.World.NumFeatures);
            var sizes = new BaselineSettings(
                width, report.Scores.Samples, Baselining.DefaultFitSamples);
            string[] names = [Baselining.Low, Baselining.High];
            return [.. Baselining.Score(settings, world, sizes, names, Hear)];
        }

        void Hear(string what, long done, long all)
        {
            stop.ThrowIfCancellationRequested();
            observer.Phase(RunPhase.Evaluation, what);
            observer.Scoring(done, all);
        }
    }

    private static LoadedWorld LoadWorld(string sae, string? model, AppSettings settings) =>
        model is not null ? Worlds.Load(model, settings)
        : RunFolder.Is(sae) ? Worlds.Load(sae, settings)
        : throw Failure.BadInput("--model", $"say which synthetic model to score {sae} on");
}
