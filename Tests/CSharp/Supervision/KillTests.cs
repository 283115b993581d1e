using System.Text.Json.Nodes;
using SynthSae.Runs;
using SynthSae.Store;
using SynthSae.Supervision;
using Xunit;

namespace SynthSae.Tests.Supervision;

/// <summary>
/// kill -9 on the supervisor and on a worker, in every order and every phase of the run: no run is
/// lost, none is done twice, and what is told of them is true.
/// </summary>
public sealed class KillTests : IDisposable
{
    private static readonly string[] Options =
        ["--samples", "400k", "--eval-samples", "40k", "--checkpoint-every", "50"];

    private static readonly string[] Orders =
        ["worker", "supervisor", "worker supervisor", "supervisor worker"];

    private static readonly Lazy<SameRun> Undisturbed = new(() =>
    {
        using var folder = new TemporaryFolder();
        return SameRun.InForeground(folder.Path, Options);
    });

    private readonly Background _user = new(("SYNTHSAE_SUPERVISOR_IDLE", "1"));

    public static TheoryData<string, string> Kills()
    {
        var data = new TheoryData<string, string>();
        foreach (var phase in new[] { "starting", "training", "scoring" })
        {
            foreach (var order in Orders)
            {
                data.Add(phase, order);
            }
        }

        return data;
    }

    public void Dispose() => _user.Dispose();

    [Theory]
    [MemberData(nameof(Kills))]
    public void Nothing_is_lost_or_done_twice_when_processes_are_killed(string phase, string order)
    {
        var runs = Background.Started(
            _user.Do(["start", "tiny", "tiny", "--cache", "none", "--json", .. Options]));
        var (first, next) = (runs[0], runs[1]);
        AwaitPhase(first, phase);
        foreach (var victim in order.Split(' '))
        {
            _user.Kill(victim == "worker" ? _user.Worker(first) : _user.Supervisor() ?? 0);
        }

        Bring(first, order);
        _user.Await(first, RunStatus.Finished);
        _user.Await(next, RunStatus.Finished);
        Assert.Equal(1, Background.Sittings(next));
        Assert.Equal(1, _user.Workers(next));
        var most = order.Contains("worker", StringComparison.Ordinal) ? 2 : 1;
        Assert.InRange(Background.Sittings(first), 1, most);
        Undisturbed.Value.Is(first);
        Undisturbed.Value.Is(next);
    }

    // What a user would do who looks at the runs after the kills.
    private void Bring(RunFolder first, string order)
    {
        if (order.Contains("supervisor", StringComparison.Ordinal))
        {
            Assert.Null(_user.Supervisor());
            _user.Do("supervise", "--detach");
        }

        if (!order.Contains("worker", StringComparison.Ordinal))
        {
            return;
        }

        // Killed before it began, it still waits; otherwise it tells that it was interrupted.
        var queue = new Queue(_user.State);
        if (!queue.Holds(first.Path) && Background.Status(first) != RunStatus.Finished)
        {
            Assert.Equal("interrupted", Listed(first));
            _user.Do("resume", first.Id);
        }
    }

    private string? Listed(RunFolder run) =>
        (string?)JsonNode.Parse(_user.Do("ls", "--json"))!["runs"]!.AsArray()
            .Single(listed => (string?)listed!["run"] == run.Id)!["status"];

    private void AwaitPhase(RunFolder run, string phase)
    {
        Func<bool> reached = phase switch
        {
            "starting" => () => _user.Worker(run) > 0,
            "training" => () => run.NewestCheckpoint is not null,
            _ => () => Background.Look(run).Phase == "evaluation",
        };
        // On a busy machine the run may be faster than who waits: it is then killed too late.
        _user.WaitFor(phase, () => reached() || run.IsFinished);
    }
}
