using System.CommandLine;
using System.CommandLine.Parsing;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Progress;
using SynthSae.Reports;
using SynthSae.Settings;
using SynthSae.Sweeps;

namespace SynthSae.Commands;

/// <summary>Trains and scores SAEs for every combination of some values.</summary>
internal sealed class SweepCommand : CliCommand
{
    private readonly Host _host;
    private readonly CommonOptions _common;
    private readonly Argument<string> _what = new("sweep.json|name")
    {
        Description = "A sweep's file, or one that comes with the program (synthsae presets).",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string?> _resume = CliOptions.File(
        "--resume", "SWEEP", "Go on with this sweep: its folder, or a part of its name.");

    private readonly Option<string[]> _set = CliOptions.Set(
        "Change a field of every run that no axis varies, e.g. training_samples=1000000; "
        + "repeatable.");

    private readonly Option<bool> _dryRun = new("--dry-run")
    {
        Description = "Check everything, show the runs, and do nothing.",
    };

    private readonly Option<string> _executor = new("--executor")
    {
        Description = $"Who executes the runs: {string.Join(", ", SweepExecutors.Names)}.",
        HelpName = "NAME",
        DefaultValueFactory = _ => SweepExecutors.Names[0],
    };

    private readonly Option<long?> _jobs =
        CliOptions.Count("--jobs", "The most runs at a time, where the executor can do several.");

    private readonly Option<bool> _forceMemory = CliOptions.ForceMemory();

    private readonly Option<bool> _json = CliOptions.Json();

    private readonly Option<bool> _quiet = CliOptions.Quiet();

    public SweepCommand(Host host)
        : base("sweep", "Train and score SAEs for every combination of some values.")
    {
        _host = host;
        Arguments.Add(_what);
        Add(_resume);
        Add(_set);
        Add(_dryRun);
        Add(_executor);
        Add(_jobs);
        Add(_forceMemory);
        Add(_json);
        Add(_quiet);
        Add(new SweepShowCommand(host));
        Add(new SweepCancelCommand(host));
        Add(new SweepRequeueCommand(host));
        _common = new CommonOptions(
            this,
        [
            SettingNames.Threads,
            SettingNames.Backend,
            SettingNames.Device,
            SettingNames.Runs,
            SettingNames.Cache,
            SettingNames.LogEvery,
            SettingNames.CheckpointEvery,
            SettingNames.CheckpointKeep,
            .. SlurmSettings.All,
        ]);
        Validators.Add(Check);
        SetAction(Execute);
    }

    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae sweep l0-small", "F1 against L0, small, in a minute"),
        ("synthsae sweep my.json --dry-run", "what would be run"),
        ("synthsae sweep --resume l0-small", "go on with one that was stopped or killed"),
        ("synthsae sweep show l0-small", "its table so far"),
        ("synthsae sweep l0 --executor slurm --jobs 8", "on a cluster, eight runs at a time"),
    ];

    private int Execute(ParseResult parsed)
    {
        var settings = _common.Read(parsed);
        var executor = SweepExecutors.Find(parsed.GetRequiredValue(_executor));
        if (!parsed.GetValue(_dryRun))
        {
            executor.Check();
        }

        if (parsed.GetValue(_resume) is { } name)
        {
            using var again = SweepStart.Again(
                SweepFolder.Find(name, settings.RunsFolder), settings);
            return Execute(parsed, again, executor, settings);
        }

        var plan = Plan(parsed);
        if (parsed.GetValue(_dryRun))
        {
            SweepPlanReport.Write(plan, _host, parsed.GetValue(_json));
            return ExitCode.Ok;
        }

        using var start = SweepStart.Anew(plan, settings);
        return Execute(parsed, start, executor, settings);
    }

    private int Execute(
        ParseResult parsed, SweepStart start, ISweepExecutor executor, AppSettings settings)
    {
        var quiet = parsed.GetValue(_quiet);
        var job = new SweepJob(start.Folder, start.Record, start.Missing, settings, _host)
        {
            Jobs = (int?)parsed.GetValue(_jobs),
            ForceMemory = parsed.GetValue(_forceMemory),
            Quiet = quiet,
        };
        if (!quiet)
        {
            _host.Error.WriteLine($"the sweep is {start.Folder.Shown}: "
                + $"{job.Missing.Count} of {start.Record.Runs.Count} runs to be done");
        }

        using var stop = new StopSignal(
            _host, () => _host.Error.WriteLine("stopping; again to end at once"));
        var progress = executor.Execute(job, stop.Token);
        var table = SweepTable.Read(start.Folder, start.Record);
        SweepTableText.Write(start.Folder, table);
        return Report(parsed, start.Folder, table, progress, stop);
    }

    private int Report(
        ParseResult parsed,
        SweepFolder folder,
        SweepTable table,
        SweepProgress progress,
        StopSignal stop)
    {
        if (parsed.GetValue(_json))
        {
            _host.Out.Write(Json.Pretty(table.ToJson()));
        }
        else if (progress != SweepProgress.HandedOver)
        {
            SweepReport.Write(folder, table, _host);
        }

        switch (progress)
        {
            case SweepProgress.Stopped:
                _host.Error.WriteLine(
                    $"Stopped. Go on with: synthsae sweep --resume {folder.Shown}");
                return stop.ExitCode;
            case SweepProgress.HandedOver:
                _host.Error.WriteLine($"How it stands: synthsae sweep show {folder.Shown}");
                return ExitCode.Ok;
            default:
                return table.ExitCode;
        }
    }

    private SweepPlan Plan(ParseResult parsed)
    {
        using var display = new PullDisplay(_host);
        var changes = Assignments.Split(_set.Name, parsed.GetValue(_set));
        return SweepPlans.Load(parsed.GetRequiredValue(_what), changes, display);
    }

    // A sweep that goes on is what its folder says.
    private void Check(CommandResult result)
    {
        var named = result.GetResult(_what) is { Tokens.Count: > 0 };
        if (result.GetResult(_resume) is null)
        {
            if (!named)
            {
                result.AddError("sweep: name a sweep's file, or go on with one by --resume");
            }

            return;
        }

        string[] fixedOnes =
        [
            _set.Name, _dryRun.Name, SettingNames.Backend.Flag, SettingNames.Cache.Flag,
            SettingNames.LogEvery.Flag, SettingNames.CheckpointEvery.Flag,
            SettingNames.CheckpointKeep.Flag,
        ];
        var given = result.Children.OfType<OptionResult>()
            .Where(option => !option.Implicit && fixedOnes.Contains(option.Option.Name))
            .Select(option => option.Option.Name);
        foreach (var one in named ? given.Prepend("a file") : given)
        {
            result.AddError($"{one}: cannot be given with --resume: a sweep goes on as it began");
        }
    }
}
