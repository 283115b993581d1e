using System.CommandLine;
using SynthSae.Core;
using SynthSae.Hosting;
using SynthSae.Store;
using SynthSae.Supervision;

namespace SynthSae.Commands;

/// <summary>Deletes runs.</summary>
internal sealed class RmCommand : RunsCommand
{
    private readonly Argument<string[]> _runs = SomeRuns();

    private readonly Option<bool> _yes = new("--yes", "-y") { Description = "Do not ask." };

    public RmCommand(Host host)
        : base(host, "rm", "Delete runs with all their files.")
    {
        Arguments.Add(_runs);
        Add(_yes);
        SetAction(Execute);
    }

    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae rm @last", "the newest run, after a question"),
        ("synthsae rm 20261121-0652 20261121-0701 --yes", "two, for scripts"),
    ];

    private int Execute(ParseResult parsed)
    {
        var store = Store(parsed);
        var runs = (parsed.GetValue(_runs) ?? [])
            .Select(store.Get)
            .DistinctBy(run => run.Folder)
            .ToList();
        foreach (var run in runs.Where(run => run.Status == RunStatus.Running))
        {
            throw Failure.BadInput(run.Id, "is running; stop it first");
        }

        if (!parsed.GetValue(_yes) && !Agrees(runs))
        {
            Host.Error.WriteLine("Nothing was deleted.");
            return ExitCode.Failed;
        }

        var queue = new Queue(StateFolder.OfUser());
        foreach (var run in runs)
        {
            RunRemoval.Remove(run);
            queue.Remove(run.Folder);
            Host.Out.WriteLine($"deleted {run.Id}");
        }

        return ExitCode.Ok;
    }

    private bool Agrees(IReadOnlyList<RunSummary> runs)
    {
        if (Host.Answers is not { } answers)
        {
            throw Failure.BadInput(
                "rm", "nobody is there to ask; --yes deletes without a question");
        }

        foreach (var run in runs)
        {
            Host.Error.WriteLine($"{run.Id}  {run.Status.Word()}");
        }

        Host.Error.Write(runs.Count == 1 ? "Delete this run? [y/N] "
            : $"Delete these {runs.Count} runs? [y/N] ");
        Host.Error.Flush();
        return answers.ReadLine()?.Trim().ToLowerInvariant() is "y" or "yes";
    }
}
