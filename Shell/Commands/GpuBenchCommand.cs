using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.FSharp.Core;
using SynthSae.Bench;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Settings;

namespace SynthSae.Commands;

/// <summary>Measures the speed of a GPU.</summary>
internal sealed class GpuBenchCommand : CliCommand
{
    private readonly Host _host;
    private readonly CommonOptions _common;
    private readonly Option<string> _device = GpuCommand.Device();
    private readonly Option<bool> _json = CliOptions.Json();
    private readonly Option<bool> _quick = new("--quick")
    {
        Description = "Small sizes and few repeats: whether it works, not how fast.",
    };

    private readonly Option<bool> _torch = new("--torch")
    {
        Description = "Time the same dense step in PyTorch besides, if python3 has it.",
    };

    public GpuBenchCommand(Host host)
        : base("bench", "Measure kernels beside their floors, steps, and whole computations.")
    {
        _host = host;
        Add(_device);
        Add(_quick);
        Add(_torch);
        Add(_json);
        _common = new CommonOptions(this, SettingNames.Threads, SettingNames.Cache);
        SetAction(Execute);
    }

    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae gpu bench", "the figures of the first GPU"),
        ("synthsae gpu bench --torch --json", "as JSON, with PyTorch beside them"),
    ];

    private int Execute(ParseResult parsed)
    {
        var settings = _common.Read(parsed);
        var gpu = GpuCommand.Open(parsed.GetValue(_device)!, settings);
        var json = parsed.GetValue(_json);
        var writer = json ? _host.Error : _host.Out;
        var bench = new GpuBenchSettings(settings.Threads, parsed.GetValue(_quick));
        writer.WriteLine($"{gpu}: µs of each op, cold, warm, floor, share of the floor when cold");
        var (rates, kernels) = GpuBench.kernels(
            gpu,
            bench,
            FuncConvert.FromAction<KernelFigure>(kernel => Write(writer, Line(kernel))));
        foreach (var figure in rates)
        {
            Write(writer, Line(figure));
        }

        var (figures, split) = GpuBench.whole(
            gpu, bench, FuncConvert.FromAction<Figure>(figure => Write(writer, Line(figure))));
        WriteSplit(writer, split);
        var torch = parsed.GetValue(_torch) ? Torch(writer) : null;
        if (json)
        {
            _host.Out.Write(Json.Pretty(new JsonObject
            {
                ["version"] = Build.Version,
                ["date"] = DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
                ["machine"] = Machine.ToJson(),
                ["device"] = gpu.ToString(),
                ["quick"] = bench.Quick,
                ["figures"] = new JsonArray([.. rates.Concat(figures).Select(ToJson)]),
                ["kernels"] = new JsonArray([.. kernels.Select(ToJson)]),
                ["step"] = new JsonArray([.. split.Select(ToJson)]),
                ["torch"] = torch,
            }));
        }

        return ExitCode.Ok;
    }

    private static void Write(TextWriter writer, string line)
    {
        writer.WriteLine(line);
        writer.Flush();
    }

    private static string Line(KernelFigure kernel) =>
        kernel.Problem.Length > 0
            ? $"{kernel.Op}: {kernel.Name}: {kernel.Problem}"
            : $"{kernel.Op + ": " + kernel.Name,-52} {Numbers.Short(kernel.Cold),9} "
                + $"{Numbers.Short(kernel.Warm),9} {Numbers.Short(kernel.Floor),9} "
                + $"{100 * kernel.Share,4:0} %";

    private static string Line(Figure figure) =>
        $"{figure.Name,-44} {Numbers.Short(figure.Value),11} {figure.Unit}";

    private static void WriteSplit(TextWriter writer, IReadOnlyCollection<StepPart> split)
    {
        var whole = split.Sum(part => part.Microseconds);
        writer.WriteLine("A step of BatchTopK in bf16, kernel by kernel:");
        var table = new TextTable(
            new("kernel"), new("calls", true), new("µs", true), new("%", true));
        foreach (var part in split)
        {
            table.Add(
                part.Kernel,
                Numbers.Short(part.Calls),
                Numbers.Short(part.Microseconds),
                Numbers.Short(100 * part.Microseconds / whole));
        }

        table.Write(writer);
    }

    private static JsonObject? Torch(TextWriter writer)
    {
        var result = TorchStep.run();
        var figures = result.IsOk ? Json.TryObject(result.ResultValue) : null;
        writer.WriteLine(figures is null
            ? $"PyTorch: not measured: {(result.IsOk ? "no figures" : result.ErrorValue)}"
            : $"PyTorch, the same dense step, samples/s: {Json.Line(figures)}");
        return figures;
    }

    private static JsonNode ToJson(Figure figure) =>
        new JsonObject
        {
            ["name"] = figure.Name,
            ["value"] = Json.Number(figure.Value),
            ["unit"] = figure.Unit,
            ["least"] = Json.Number(figure.Spread.Item1),
            ["most"] = Json.Number(figure.Spread.Item2),
        };

    private static JsonNode ToJson(KernelFigure kernel) =>
        new JsonObject
        {
            ["op"] = kernel.Op,
            ["name"] = kernel.Name,
            ["cold_us"] = Json.Number(kernel.Cold),
            ["warm_us"] = Json.Number(kernel.Warm),
            ["floor_us"] = Json.Number(kernel.Floor),
            ["problem"] = kernel.Problem.Length > 0 ? kernel.Problem : null,
        };

    private static JsonNode ToJson(StepPart part) =>
        new JsonObject
        {
            ["kernel"] = part.Kernel,
            ["calls"] = Json.Number(part.Calls),
            ["us"] = Json.Number(part.Microseconds),
        };
}
