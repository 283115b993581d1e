using System.CommandLine;
using System.Text.Json.Nodes;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using SynthSae.Bench;
using SynthSae.Compute;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Settings;

namespace SynthSae.Commands;

/// <summary>Compares what a GPU computes with what it should.</summary>
internal sealed class GpuCheckCommand : CliCommand
{
    private readonly Host _host;
    private readonly CommonOptions _common;
    private readonly Option<string> _device = GpuCommand.Device();
    private readonly Option<bool> _json = CliOptions.Json();
    private readonly Option<string> _filter = new("--filter")
    {
        Description = "Only cases whose name contains this.",
        HelpName = "TEXT",
        DefaultValueFactory = _ => "",
    };

    public GpuCheckCommand(Host host)
        : base("check", "Compare kernels, trainings and scores on a GPU with the host's.")
    {
        _host = host;
        Add(_device);
        Add(_filter);
        Add(_json);
        _common = new CommonOptions(this, SettingNames.Cache);
        SetAction(Execute);
    }

    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae gpu check", "everything"),
        ("synthsae gpu check --filter select", "one op"),
    ];

    private int Execute(ParseResult parsed)
    {
        var filter = parsed.GetValue(_filter)!;
        var cases = GpuCheck.chosen(filter);
        if (cases.IsEmpty)
        {
            throw new BadInput("--filter", $"no case contains '{filter}'");
        }

        var gpu = GpuCommand.Open(parsed.GetValue(_device)!, _common.Read(parsed));
        var json = parsed.GetValue(_json);
        var writer = json ? _host.Error : _host.Out;
        writer.WriteLine(gpu.ToString());
        var results = GpuCheck.run(
            gpu,
            cases,
            FuncConvert.FromAction<FSharpList<CaseResult>>(group => Tell(writer, group)));
        var passed = results.Count(result => result.Passed);
        if (json)
        {
            _host.Out.Write(Json.Pretty(new JsonObject
            {
                ["version"] = Build.Version,
                ["device"] = gpu.ToString(),
                ["passed"] = passed,
                ["failed"] = results.Length - passed,
                ["cases"] = new JsonArray([.. results.Select(ToJson)]),
            }));
        }

        writer.WriteLine($"{passed} passed, {results.Length - passed} failed");
        return passed == results.Length ? ExitCode.Ok : ExitCode.Failed;
    }

    private static void Tell(TextWriter writer, FSharpList<CaseResult> group)
    {
        var failed = group.Where(result => !result.Passed).ToList();
        var worst = group.Max(result => result.Worst is { Value: var value } ? value : double.NaN);
        writer.WriteLine(
            $"{group.Head.Op,-18} {group.Length,4} cases "
            + $"{group.Sum(result => result.Seconds),8:0.0} s"
            + $"  worst {Numbers.Short(worst)} of what is allowed"
            + (failed.Count == 0 ? "" : $"  {failed.Count} FAILED"));
        foreach (var result in failed)
        {
            var much = result.Worst is { Value: var value }
                ? $"{Numbers.Short(value)} × allowed"
                : "error";
            writer.WriteLine($"  FAILED {result.Name}: {much}: {result.Where}");
        }

        writer.Flush();
    }

    private static JsonNode ToJson(CaseResult result) =>
        new JsonObject
        {
            ["op"] = result.Op,
            ["name"] = result.Name,
            ["passed"] = result.Passed,
            ["worst"] = result.Worst is { Value: var worst } ? Json.Number(worst) : null,
            ["where"] = result.Where,
            ["seconds"] = Json.Number(result.Seconds),
        };
}
