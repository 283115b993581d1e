using System.CommandLine;
using SynthSae.Core;
using SynthSae.Data;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Progress;
using SynthSae.Runs;
using SynthSae.Settings;
using SynthSae.Spec;

namespace SynthSae.Commands;

/// <summary>Scores a saved SAE.</summary>
internal sealed class EvalCommand : CliCommand
{
    private const long DefaultSamples = 100_000;

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
        "--tensor",
        "NAME",
        "The tensor in safetensors files; the only one with rows if not given.");

    private readonly Option<string?> _model = CliOptions.File(
        "--model",
        "preset|folder",
        "The model to score it on, also on the hub; a run has its own.");

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
        var wish = new EvalScoring.Wish(
            parsed.GetValue(_samples) ?? DefaultSamples,
            parsed.GetValue(_prune) ?? PruningSpec.Off,
            parsed.GetValue(_baselines),
            parsed.GetValue(_features));
        var target = parsed.GetValue(_out);
        Check(wish, target, source);
        using var stop = new StopSignal(_host);
        try
        {
            var report = new EvalScoring(_host, settings, stop.Token).Score(path, source, wish);
            if (target is not null)
            {
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

    // What cannot be is said before the work begins.
    private static void Check(EvalScoring.Wish wish, string? target, RunData source)
    {
        const string noTruth = "needs a synthetic model: of activations no features are known";
        var ofFiles = source.Phase == RunPhase.Activations;
        if (wish.Baselines && ofFiles)
        {
            throw Failure.BadInput("--baselines", noTruth);
        }

        if (wish.Features && ofFiles)
        {
            throw Failure.BadInput("--features", noTruth);
        }

        if (target is null)
        {
            return;
        }

        if (!wish.Features)
        {
            throw Failure.BadInput("--out", "is where --features writes; give that too");
        }

        Files.CreateFolder(target);
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
