using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using SynthSae.Bench;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Settings;

namespace SynthSae.Commands;

/// <summary>Measures speed.</summary>
internal sealed class BenchCommand : CliCommand
{
    private readonly Host _host;
    private readonly CommonOptions _common;
    private readonly Argument<string[]> _groups = new("group")
    {
        Description = $"What to measure: {string.Join(", ", Suite.groups)}; all if none is named.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Option<bool> _json = CliOptions.Json();

    public BenchCommand(Host host)
        : base("bench", "Measure the speed of the main computations on this machine (minutes).")
    {
        _host = host;
        _groups.AcceptOnlyFromAmong([.. Suite.groups]);
        Arguments.Add(_groups);
        Add(_json);
        _common = new CommonOptions(this, SettingNames.Threads);
        SetAction(Execute);
    }

    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae bench train", "training alone"),
        ("synthsae bench --json", "everything, as JSON"),
    ];

    private int Execute(ParseResult parsed)
    {
        var settings = _common.Read(parsed);
        var json = parsed.GetValue(_json);
        var writer = json ? _host.Error : _host.Out;
        writer.WriteLine(
            $"{Machine.Processor}, {Machine.Simd}, {settings.Threads} threads; "
            + "medians, [smallest … largest]");
        var figures = Suite.run(
            settings.Threads,
            ListModule.OfSeq(parsed.GetValue(_groups) ?? []),
            FuncConvert.FromAction<Figure>(figure => writer.WriteLine(Line(figure))));

        if (json)
        {
            _host.Out.Write(Json.Pretty(ToJson(figures, settings)));
        }

        return ExitCode.Ok;
    }

    private static string Line(Figure figure)
    {
        var (least, most) = figure.Spread;
        var spread = least == most ? "" : $"[{Numbers.Short(least)} … {Numbers.Short(most)}]";
        var target = Named("target", figure.Target);
        var reference = Named("reference", figure.Reference);
        var value = $"{Numbers.Short(figure.Value),10} {figure.Unit}";
        return $"{figure.Name,-28} {value,-21} {spread,-24}{target}{reference}".TrimEnd();
    }

    private static string Named(string name, FSharpOption<double>? value) =>
        value is { Value: var number } ? $"  {name} {Numbers.Short(number)}" : "";

    private static JsonObject ToJson(IEnumerable<Figure> figures, AppSettings settings)
    {
        static JsonNode? Optional(FSharpOption<double>? value) =>
            value is { Value: var number } ? Json.Number(number) : null;

        var list = new JsonArray();
        foreach (var figure in figures)
        {
            list.Add((JsonNode)new JsonObject
            {
                ["name"] = figure.Name,
                ["value"] = Json.Number(figure.Value),
                ["unit"] = figure.Unit,
                ["least"] = Json.Number(figure.Spread.Item1),
                ["most"] = Json.Number(figure.Spread.Item2),
                ["target"] = Optional(figure.Target),
                ["reference"] = Optional(figure.Reference),
            });
        }

        return new JsonObject
        {
            ["version"] = Build.Version,
            ["date"] = DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            ["machine"] = Machine.ToJson(),
            ["threads"] = settings.Threads,
            ["figures"] = list,
        };
    }
}
