using System.CommandLine;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Settings;
using SynthSae.Slurm;
using SynthSae.Sweeps;

namespace SynthSae.Commands;

/// <summary>A command about what Slurm has of a sweep.</summary>
internal abstract class SweepQueueCommand : CliCommand
{
    private readonly Host _host;
    private readonly CommonOptions _common;
    private readonly Argument<string> _sweep = new("sweep")
    {
        Description = "A sweep's folder, or a part of its name in --runs.",
    };

    protected SweepQueueCommand(Host host, string name, string description)
        : base(name, description)
    {
        _host = host;
        Arguments.Add(_sweep);
        _common = new CommonOptions(this, SettingNames.Runs);
        SetAction(Execute);
    }

    /// <summary>Do it, and say what was done; null where there was nothing to do.</summary>
    protected abstract string? Apply(SlurmClient client, IReadOnlyList<RunInSlurm> active);

    /// <summary>Some tasks in words.</summary>
    protected static string Tasks(int count) =>
        count == 1 ? "one task" : $"{Counts.Exact(count)} tasks";

    private int Execute(ParseResult parsed)
    {
        var name = parsed.GetRequiredValue(_sweep);
        var folder = SweepFolder.Find(name, _common.Read(parsed).RunsFolder);
        var submissions = SubmissionFolder.Of(folder).Submissions;
        if (submissions.Count == 0)
        {
            throw Failure.BadInput(
                folder.Shown,
                "was never submitted to Slurm; other runs are ended by synthsae stop");
        }

        var client = SlurmClient.OfMachine();
        client.Check();
        var queue = SweepQueue.Read(client, submissions);
        _host.Error.WriteLine(
            Apply(client, [.. queue.Active]) ?? "Slurm has no such task of this sweep.");
        return ExitCode.Ok;
    }
}
