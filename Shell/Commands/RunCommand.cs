using System.CommandLine;
using System.CommandLine.Parsing;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Progress;
using SynthSae.Reports;
using SynthSae.Runs;
using SynthSae.Settings;
using SynthSae.Store;

namespace SynthSae.Commands;

/// <summary>Trains an SAE and scores it.</summary>
internal sealed class RunCommand : CliCommand
{
    private readonly Host _host;
    private readonly CommonOptions _common;
    private readonly Argument<string> _what = new("preset|spec.json|run")
    {
        Description = "A preset, a specification's file, or a run folder to repeat.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string?> _resume = CliOptions.File(
        "--resume", "DIR", "Go on with the interrupted run of this folder, exactly.");

    private readonly SpecOptions _spec;

    private readonly Option<string?> _out =
        CliOptions.File("--out", "DIR", "The run folder itself, new or empty; else one in --runs.");

    private readonly Option<bool> _forceMemory = CliOptions.ForceMemory();

    private readonly Option<bool> _json = CliOptions.Json();

    private readonly Option<bool> _quiet = CliOptions.Quiet();

    public RunCommand(Host host)
        : base("run", "Train an SAE on a synthetic model and score it against the truth.")
    {
        _host = host;
        Arguments.Add(_what);
        Add(_resume);
        _spec = new SpecOptions(this);
        Add(_out);
        Add(_forceMemory);
        Add(_json);
        Add(_quiet);
        _common = new CommonOptions(
            this,
            SettingNames.Threads,
            SettingNames.Backend,
            SettingNames.Device,
            SettingNames.Runs,
            SettingNames.Cache,
            SettingNames.LogEvery,
            SettingNames.CheckpointEvery,
            SettingNames.CheckpointKeep);
        Validators.Add(CheckResume);
        SetAction(Execute);
    }

    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae run small", "a complete run in seconds"),
        ("synthsae run synth-sae-bench-16k --samples 2M", "the benchmark, on fewer samples"),
        ("synthsae run small --set sae.k=12 --seed 1 --json", "another sparsity; figures as JSON"),
        ("synthsae run small --sweep sae.k=4,6,8", "three SAEs on the same batches"),
        ("synthsae run runs/ID --out again", "repeat a run"),
        ("synthsae run --resume runs/ID", "go on with a run that was stopped or killed"),
    ];

    private int Execute(ParseResult parsed)
    {
        using var start = Start(parsed);
        start.ForceMemory = parsed.GetValue(_forceMemory);
        var latents = start.Plan.Saes.Select(sae => sae.Latents).ToList();
        var observer = Observers.For(_host, latents, parsed.GetValue(_quiet));
        using var stop = new StopSignal(
            _host, () => observer.Note("stopping; again to end at once"));
        var end = WatchedRun.Execute(start, observer, stop.Token);
        Report(start, end, parsed.GetValue(_json));
        return end.ExitCode(stop.ExitCode);
    }

    private void Report(RunStart start, RunEnd end, bool json)
    {
        if (end.Result is not { } result)
        {
            var how = end.Status == RunStatus.Paused ? "Paused" : "Stopped";
            _host.Error.WriteLine(start.Resumes
                ? $"{how} before another step; all is as it was."
                : $"{how} before the first step: there is nothing to save.");
        }
        else if (json)
        {
            _host.Out.Write(Json.Pretty(result.ToJson()));
        }
        else
        {
            ResultReport.Write(result, _host);
        }
    }

    private RunStart Start(ParseResult parsed)
    {
        var settings = _common.Read(parsed);
        if (parsed.GetValue(_resume) is { } interrupted)
        {
            return RunStart.Again(interrupted, settings);
        }

        var plan = _spec.Load(parsed, parsed.GetRequiredValue(_what), _host);
        _ = settings.Backend(); // without its GPU a run leaves no folder behind
        var folder = parsed.GetValue(_out) is { } path
            ? RunFolder.CreateAt(path)
            : RunFolder.CreateIn(settings.RunsFolder, RunId.Of(plan, DateTime.UtcNow));
        return RunStart.Anew(plan, settings, folder);
    }

    // A run that goes on is what its folder says.
    private void CheckResume(CommandResult result)
    {
        if (result.GetResult(_resume) is null)
        {
            if (result.GetResult(_what) is not { Tokens.Count: 1 })
            {
                result.AddError("run: name a preset, a specification's file or a run folder");
            }

            return;
        }

        string[] decided =
        [
            .. _spec.Names, _out.Name, SettingNames.Backend.Flag, SettingNames.Runs.Flag,
        ];
        var given = result.Children.OfType<OptionResult>().Where(option => !option.Implicit);
        foreach (var option in given.Where(option => decided.Contains(option.Option.Name)))
        {
            result.AddError($"{option.Option.Name}: cannot be given with --resume: "
                + "a run goes on as it began");
        }

        if (result.GetResult(_what) is { Tokens.Count: > 0 } what)
        {
            result.AddError($"--resume: goes on with its folder's own run, not {what.Tokens[0]}");
        }
    }
}
