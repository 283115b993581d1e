using System.CommandLine;
using System.Text.Json.Nodes;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Runs;
using SynthSae.Settings;
using SynthSae.Supervision;

namespace SynthSae.Commands;

/// <summary>Queues runs into the background.</summary>
internal sealed class StartCommand : CliCommand
{
    private readonly Host _host;
    private readonly CommonOptions _common;
    private readonly SpecOptions _spec;
    private readonly Argument<string[]> _what = CliOptions.Names(
        "preset|spec.json|run",
        "Presets, files of specifications, or run folders to repeat: a run each.",
        ArgumentArity.OneOrMore);

    private readonly Option<string?> _device = new("--device")
    {
        Description = $"Where to compute: {DeviceWish.Forms}; any takes a GPU if one is free.",
        HelpName = "NAME",
    };

    private readonly Option<int> _priority = CliOptions.Priority();
    private readonly Option<bool> _json = CliOptions.Json();

    public StartCommand(Host host)
        : base("start", "Queue runs into the background; they outlive the terminal.")
    {
        _host = host;
        Arguments.Add(_what);
        _spec = new SpecOptions(this);
        Add(_device);
        Add(_priority);
        Add(_json);
        _common = new CommonOptions(
            this,
            SettingNames.Threads,
            SettingNames.Backend,
            SettingNames.Runs,
            SettingNames.Cache,
            SettingNames.LogEvery,
            SettingNames.CheckpointEvery,
            SettingNames.CheckpointKeep);
        SetAction(Execute);
    }

    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae start small", "one run in the background"),
        ("synthsae start small --set sae.k=4 --seed 1", "with changes, as for synthsae run"),
        ("synthsae start a.json b.json --device cuda", "two runs, a GPU each"),
        ("synthsae start small --priority 5", "before those that wait with less"),
    ];

    private int Execute(ParseResult parsed)
    {
        var settings = _common.Read(parsed);
        var wish = Wish(parsed, settings);
        int? threads = settings.IsDefault(SettingNames.Threads) ? null : settings.Threads;
        // All is checked before anything is made.
        var plans = parsed.GetRequiredValue(_what)
            .Select(name => _spec.Load(parsed, name, _host))
            .ToList();
        var state = StateFolder.OfUser();
        var queue = new Queue(state);
        var folders = plans.ConvertAll(plan => RunPreparation.Prepare(plan, settings, wish));
        foreach (var folder in folders)
        {
            queue.Enqueue(folder, wish, parsed.GetValue(_priority), threads);
        }

        Supervisors.Ensure(state, settings);
        if (parsed.GetValue(_json))
        {
            _host.Out.Write(Json.Pretty(ToJson(folders, wish)));
        }
        else
        {
            Write(folders, wish);
        }

        return ExitCode.Ok;
    }

    // A wish that no device of the machine can fulfil would wait for ever.
    private DeviceWish Wish(ParseResult parsed, AppSettings settings)
    {
        if (parsed.GetValue(_device) is not { } text)
        {
            return RunPreparation.Wish(settings);
        }

        var wish = DeviceWish.Parse(text)
            ?? throw Failure.BadInput(_device.Name, $"must be {DeviceWish.Forms} (got {text})");
        if (wish.Gpu && settings.UseReference)
        {
            throw Failure.BadInput(
                _device.Name, $"the reference backend computes on the processor (got {text})");
        }

        if (wish.Cpu)
        {
            return wish;
        }

        var gpus = MachineSlots.Gpus();
        return gpus.Any(wish.Fits) ? wish
            : throw Failure.BadInput(
                _device.Name,
                gpus.Count == 0
                    ? "there is no GPU that can be used; synthsae doctor says why"
                    : $"the GPUs are {string.Join(", ", gpus.Select(gpu => gpu.Device))} "
                        + $"(got {text})");
    }

    private void Write(IReadOnlyList<RunFolder> folders, DeviceWish wish)
    {
        foreach (var folder in folders)
        {
            _host.Out.WriteLine(folder.Id);
        }

        var first = folders[0].Id;
        var name = folders is [_] ? "it" : "them";
        _host.Error.WriteLine($"Queued for {wish}; the terminal may be closed. To see {name}:");
        _host.Error.WriteLine("  synthsae ls");
        _host.Error.WriteLine($"  synthsae logs -f {first}");
        _host.Error.WriteLine($"  synthsae stop {first}");
    }

    private static JsonObject ToJson(IReadOnlyList<RunFolder> folders, DeviceWish wish) =>
        new()
        {
            ["runs"] = new JsonArray([.. folders.Select(folder => (JsonNode)new JsonObject
            {
                ["run"] = folder.Id,
                ["folder"] = folder.Path,
                ["status"] = "queued",
                ["device"] = wish.ToString(),
            })]),
        };
}
