using System.CommandLine;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Hub;
using SynthSae.Progress;
using SynthSae.Reports;

namespace SynthSae.Commands;

/// <summary>Downloads a model or an SAE.</summary>
internal sealed class PullCommand : CliCommand
{
    private readonly Host _host;
    private readonly Argument<string> _id = new("repository[:path]")
    {
        Description = "A folder with a synthetic model or an SAE on the Hugging Face hub: "
            + $"{HubId.Forms}.",
    };

    private readonly Option<string?> _revision = new("--revision")
    {
        Description = "A branch, a tag or a commit; main if not given.",
        HelpName = "REV",
    };

    private readonly Option<bool> _json = CliOptions.Json();

    public PullCommand(Host host)
        : base("pull", "Download a model or an SAE from the Hugging Face hub into its cache.")
    {
        _host = host;
        Arguments.Add(_id);
        Add(_revision);
        Add(_json);
        SetAction(Execute);
    }

    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae pull decoderesearch/synth-sae-bench-16k-v2", "the benchmark's model"),
        ("synthsae sample decoderesearch/synth-sae-bench-16k-v2", "use it; sample pulls by itself"),
    ];

    private int Execute(ParseResult parsed)
    {
        var id = Id(HubId.Parse(parsed.GetRequiredValue(_id)), parsed.GetValue(_revision));
        using var stop = new StopSignal(_host);
        try
        {
            Report(Pull(id, stop.Token), parsed.GetValue(_json));
            return ExitCode.Ok;
        }
        catch (OperationCanceledException)
        {
            _host.Error.WriteLine("Stopped; the next pull goes on from here.");
            return stop.ExitCode;
        }
    }

    private static HubId Id(HubId id, string? revision) =>
        revision is null ? id
        : id.Revision is HubId.DefaultRevision || id.Revision == revision ? id.At(revision)
        : throw Failure.BadInput("--revision", $"says {revision}, but {id} says {id.Revision}");

    private PulledFolder Pull(HubId id, CancellationToken stop)
    {
        using var display = new PullDisplay(_host);
        using var folders = new HubFolders(HubSettings.OfEnvironment(), display);
        return folders.Pull(id, stop);
    }

    private void Report(PulledFolder pulled, bool json)
    {
        var report = new PullReport(pulled);
        if (json)
        {
            _host.Out.Write(Json.Pretty(report.ToJson()));
        }
        else
        {
            report.Write(_host);
        }
    }
}
