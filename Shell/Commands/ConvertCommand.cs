using System.CommandLine;
using System.Text.Json.Nodes;
using Microsoft.FSharp.Core;
using SynthSae.Compute.Files;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Hosting;

namespace SynthSae.Commands;

/// <summary>Rewrites an SAE folder in another form.</summary>
internal sealed class ConvertCommand : CliCommand
{
    private const string Inference = "inference";
    private const string Training = "training";

    private readonly Host _host;
    private readonly Argument<string> _source = new("sae folder|run")
    {
        Description = "An SAE folder, also on the hub, or a run folder.",
    };

    private readonly Argument<string> _destination = new("folder")
    {
        Description = "The SAE folder to write.",
    };

    private readonly Option<string> _form = new("--form")
    {
        Description = "inference: what is used; training: with the settings of training.",
        HelpName = $"{Inference}|{Training}",
        DefaultValueFactory = _ => Inference,
    };

    private readonly Option<bool> _fold = new("--fold")
    {
        Description = "Scale decoder rows to norm 1, and the encoder by their norms.",
    };

    private readonly Option<string?> _architecture = new("--architecture")
    {
        Description = "jumprelu: write a standard or gated SAE as one with thresholds.",
        HelpName = "NAME",
    };

    private readonly Option<bool> _force = new("--force")
    {
        Description = "Replace an SAE folder that is there.",
    };

    private readonly Option<bool> _json = CliOptions.Json();

    public ConvertCommand(Host host)
        : base("convert", "Rewrite an SAE folder in another form with the same output.")
    {
        _host = host;
        _form.AcceptOnlyFromAmong(Inference, Training);
        Arguments.Add(_source);
        Arguments.Add(_destination);
        Options.Add(_form);
        Options.Add(_fold);
        Options.Add(_architecture);
        Options.Add(_force);
        Options.Add(_json);
        SetAction(Execute);
    }

    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae convert checkpoint sae", "a checkpoint of training as it is used"),
        ("synthsae convert runs/ID unit --fold", "latents in units of x"),
        ("synthsae convert gated jumprelu --architecture jumprelu", "one gate, one threshold"),
    ];

    private int Execute(ParseResult parsed)
    {
        var form = parsed.GetRequiredValue(_form) == Training
            ? SaeForm.Training
            : SaeForm.Inference;
        var architecture = OptionModule.OfObj(parsed.GetValue(_architecture));
        var converted = SavedSaes.Convert(
            parsed.GetRequiredValue(_source),
            parsed.GetRequiredValue(_destination),
            new SaeTarget(form, parsed.GetValue(_fold), architecture!),
            parsed.GetValue(_force));
        if (parsed.GetValue(_json))
        {
            _host.Out.Write(Json.Pretty(ToJson(converted)));
        }
        else
        {
            Write(converted);
        }

        return ExitCode.Ok;
    }

    private void Write(ConvertedSae converted)
    {
        _host.Out.WriteLine(Line("read", converted.From));
        _host.Out.WriteLine(Line("wrote", converted.To));
        foreach (var change in converted.Changes)
        {
            _host.Out.WriteLine($"  {change}");
        }
    }

    private static string Line(string verb, ConvertedSae.Side side) =>
        $"{verb} {side.Folder}: {side.Architecture}, {side.Form} form";

    private static JsonObject ToJson(ConvertedSae converted) =>
        new()
        {
            ["from"] = ToJson(converted.From),
            ["to"] = ToJson(converted.To),
            ["changes"] = new JsonArray([.. converted.Changes.Select(text => (JsonNode)text)]),
        };

    private static JsonObject ToJson(ConvertedSae.Side side) =>
        new()
        {
            ["folder"] = side.Folder,
            ["architecture"] = side.Architecture,
            ["form"] = side.Form,
        };
}
