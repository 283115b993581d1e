using System.CommandLine;
using System.Text.Json.Nodes;
using SynthSae.Compute;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Progress;
using SynthSae.Reports;
using SynthSae.Runs;
using SynthSae.Settings;

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

    private readonly Option<bool> _json = CliOptions.Json();

    public EvalCommand(Host host)
        : base("eval", "Score a saved SAE against the true features of a synthetic model.")
    {
        _host = host;
        Arguments.Add(_sae);
        Add(_model);
        Add(_samples);
        Add(_json);
        _common = new CommonOptions(
            this, SettingNames.Threads, SettingNames.Backend, SettingNames.Cache);
        SetAction(Execute);
    }

    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae eval runs/ID", "score a run's SAE again, on its own model"),
        ("synthsae eval my-sae --model synth-sae-bench-16k --samples 1M", "any SAE folder"),
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
            var (world, scores) = Score(path, model, samples, settings, stop.Token);
            Write(path, world, scores, parsed.GetValue(_json));
            return ExitCode.Ok;
        }
        catch (OperationCanceledException)
        {
            return stop.ExitCode;
        }
    }

    private void Write(string path, LoadedWorld world, Scores scores, bool json)
    {
        if (json)
        {
            _host.Out.Write(Json.Pretty(new JsonObject
            {
                ["schema"] = 1,
                ["sae"] = HubNames.Find(path) is null ? Path.GetFullPath(path) : path,
                ["model"] = world.Name,
                ["evaluation"] = scores.ToJson(),
            }));
        }
        else
        {
            _host.Out.WriteLine($"{path} on {world.Name}, {Counts.Exact(scores.Samples)} samples");
            _host.Out.WriteLine();
            ScoreTable.Write(scores, _host);
        }
    }

    private (LoadedWorld World, Scores Scores) Score(
        string path, string? model, long samples, AppSettings settings, CancellationToken stop)
    {
        var observer = Observers.OnTerminal(_host);
        using (observer as IDisposable)
        {
            var sae = SavedSaes.Open(path).Sae;
            observer.Phase(RunPhase.World, "making the synthetic model");
            var world = Stoppable.Wait(() => LoadWorld(path, model, settings), stop);
            observer.Phase(RunPhase.Evaluation, $"{Counts.Exact(samples)} samples");
            var scored = Scoring.Score(
                settings, world, new Inference(sae, null), samples, BatchSize, Hear);
            return (world, scored.Scores);

            void Hear(long done)
            {
                stop.ThrowIfCancellationRequested();
                observer.Scoring(done, samples);
            }
        }
    }

    private static LoadedWorld LoadWorld(string sae, string? model, AppSettings settings) =>
        model is not null ? Worlds.Load(model, settings)
        : RunFolder.Is(sae) ? Worlds.Load(sae, settings)
        : throw Failure.BadInput("--model", $"say which synthetic model to score {sae} on");
}
