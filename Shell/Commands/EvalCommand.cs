using System.CommandLine;
using SynthSae.Compute;
using SynthSae.Compute.Baselines;
using SynthSae.Core;
using SynthSae.Data;
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

    private readonly Argument<string[]> _files = new("activations")
    {
        Description = "Files of activations to score it on (.safetensors, .npy), folders of these, "
            + "or patterns.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Option<string?> _tensor = CliOptions.File(
        "--tensor", "NAME", "The tensor in safetensors files; the only one with rows if not given.");

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

    private readonly Option<bool> _features = new("--features")
    {
        Description = "Say which features are recovered, split, absorbed and missed.",
    };

    private readonly Option<string?> _out = CliOptions.File(
        "--out", "DIR", "With --features: write features.csv and recovery.json there.");

    private readonly Option<bool> _json = CliOptions.Json();

    public EvalCommand(Host host)
        : base(
            "eval",
            "Score a saved SAE against the truth of a synthetic model, or on activations in files.")
    {
        _host = host;
        Arguments.Add(_sae);
        Arguments.Add(_files);
        Add(_model);
        Add(_tensor);
        Add(_samples);
        Add(_prune);
        Add(_baselines);
        Add(_features);
        Add(_out);
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
        ("synthsae eval runs/ID", "score a run's SAE again, on its own model"),
        ("synthsae eval runs/ID --baselines", "and how far it is from what can be reached"),
        ("synthsae eval my-sae --model synth-sae-bench-16k --samples 1M", "any SAE folder"),
        ("synthsae eval my-sae activations/", "how well it does on real activations"),
        ("synthsae eval runs/ID --features", "which true features it has, and which it has not"),
        ("synthsae eval runs/ID --prune auto", "without latents that fire by mistake"),
    ];

    private int Execute(ParseResult parsed)
    {
        var settings = _common.Read(parsed);
        var path = PullDisplay.Pin(_host, parsed.GetRequiredValue(_sae));
        var source = Data(path, parsed, settings);
        if (parsed.GetValue(_baselines) && source.Phase == RunPhase.Activations)
        {
            throw Failure.BadInput(
                "--baselines", "needs a synthetic model: of activations no features are known");
        }

        var features = parsed.GetValue(_features);
        var target = parsed.GetValue(_out);
        CheckFeatures(features, target, source);
        var samples = parsed.GetValue(_samples) ?? DefaultSamples;
        using var stop = new StopSignal(_host);
        try
        {
            var wish = parsed.GetValue(_prune) ?? PruningSpec.Off;
            var report = Score(path, source, samples, wish, features, settings, stop.Token);
            if (parsed.GetValue(_baselines))
            {
                report = report with { Baselines = ScoreBaselines(report, settings, stop.Token) };
            }

            if (target is not null)
            {
                Files.CreateFolder(target);
                RecoveryFiles.Write(target, report.Recovery!);
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

    private static void CheckFeatures(bool features, string? target, RunData source)
    {
        if (features && source.Phase == RunPhase.Activations)
        {
            throw Failure.BadInput(
                "--features", "needs a synthetic model: of activations no features are known");
        }

        if (target is not null && !features)
        {
            throw Failure.BadInput("--out", "is where --features writes; give that too");
        }
    }

    private SaeScoreReport Score(
        string path,
        RunData source,
        long wanted,
        PruningSpec wish,
        bool features,
        AppSettings settings,
        CancellationToken stop)
    {
        var observer = Observers.OnTerminal(_host);
        using (observer as IDisposable)
        {
            var saved = SavedSaes.Open(path);
            observer.Phase(source.Phase, source.Words);
            using var data = Stoppable.Wait(source.Load, stop);
            var pruning = Pruning.Decide(wish, saved.Pruning, () => Find(data, saved.Sae));
            var samples = data.ScoredSamples(wanted);
            observer.Phase(RunPhase.Evaluation, $"{Counts.Exact(samples)} samples");
            var inference = Pruning.Apply(pruning, saved.Sae);
            var scored = data.Score(
                inference, samples, BatchSize, features, done => Hear(done, samples));
            var world = (data as WorldData)?.World;
            return new SaeScoreReport(
                path, saved.Sae, data.Name, world, scored.Scores, pruning, [], scored.Recovery);

            Pruning Find(IRunData data, Sae sae)
            {
                const long most = PruningThreshold.DefaultSamples;
                observer.Phase(RunPhase.Evaluation, "looking for the pruning threshold");
                var batches = data.TrainingBatches();
                return Pruning.Find(
                    settings, sae, batches, most, BatchSize, done => Hear(done, most));
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
        var world = report.World!;
        var observer = Observers.OnTerminal(_host);
        using (observer as IDisposable)
        {
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

    // What is named, or else the run's own.
    private RunData Data(string sae, ParseResult parsed, AppSettings settings)
    {
        var files = parsed.GetValue(_files) ?? [];
        var tensor = parsed.GetValue(_tensor);
        if (files.Length > 0)
        {
            return parsed.GetValue(_model) is null
                ? RunData.ToScore(files, tensor, settings)
                : throw Failure.BadInput("--model", "cannot be given beside activations");
        }

        return tensor is not null
                ? throw Failure.BadInput("--tensor", "is for activations in files; name them")
            : parsed.GetValue(_model) is { } model
                ? RunData.ToScore(PullDisplay.Pin(_host, model), settings)
            : RunFolder.Is(sae) ? RunData.ToScore(sae, settings)
            : RunFolder.Holding(sae) is { } run ? RunData.ToScore(run.Path, settings)
            : throw Failure.BadInput(
                "--model",
                $"say which synthetic model to score {sae} on, or name files of activations");
    }
}
