using System.Diagnostics;
using SynthSae.Hosting;
using SynthSae.Store;
using SynthSae.Supervision;
using Xunit;

namespace SynthSae.Tests.EndToEnd;

/// <summary>The program as a user has it: typed into a terminal, seen on its screen.</summary>
public sealed class DashboardInTerminalTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RunStore _store;

    public DashboardInTerminalTests() => _store = new RunStore(_folder.File("runs"));

    public void Dispose()
    {
        // Nothing that was begun here outlives the test.
        Wait("the supervisor to end", () =>
        {
            foreach (var run in _store.List().Where(run => run.Status == RunStatus.Running))
            {
                Signal("KILL", run.Snapshot.Pid);
            }

            return !Supervisors.Lives(State);
        });
        ((IDisposable)_folder).Dispose();
    }

    [TmuxFact]
    public void Runs_are_started_watched_compared_and_paused_and_outlive_the_terminal()
    {
        using var terminal = new Tmux(_folder.Path, Variables);
        terminal.Command("$SYNTHSAE start small --samples 20k --eval-samples 5k");
        terminal.WaitUntil(_ => _store.List().Count == 1, "the first run");
        terminal.Command("$SYNTHSAE start small --samples 20k --eval-samples 5k --set sae.k=12");
        terminal.WaitUntil(_ => _store.List().Count == 2, "the second run");
        terminal.Command("$SYNTHSAE start small --samples 2G --set sae.k=20");
        terminal.WaitUntil(_ => _store.List().Count == 3, "the third run");

        terminal.Command("$SYNTHSAE");
        terminal.WaitFor("1 Runs", "2 finished", "running");
        terminal.Resize(80, 24);
        terminal.WaitFor("state", " done ", " run ");
        terminal.Resize(120, 40);

        Filter(terminal, "k=20", "1 of 3 runs");
        Pause(terminal);
        terminal.Press("Escape");
        terminal.WaitUntil(seen => !seen.Contains("of 3 runs"), "the filter to go");
        Compare(terminal);
        Resume(terminal);

        var run = Long();
        terminal.Kill();
        Wait("another step without the terminal", () => Long().Snapshot.Step > run.Snapshot.Step);

        terminal.Open();
        terminal.Command("$SYNTHSAE");
        Filter(terminal, "state:finished k=12", "1 of 3 runs");
        terminal.Press("Enter", "Tab");
        terminal.WaitFor("F finished", "[Scores]", "latents fire with their features");
        KillTheDashboard(terminal);
        Stop(terminal);
    }

    private static void Filter(Tmux terminal, string words, string seen)
    {
        terminal.WaitFor("1 Runs", "runs by");
        terminal.Press("/");
        terminal.Type(words);
        terminal.Press("Enter");
        terminal.WaitFor($"/{words}", seen);
    }

    private void Pause(Tmux terminal)
    {
        Wait("the long run's first steps", () => Long().Snapshot.Step > 0);
        terminal.Press("p");
        terminal.WaitFor("paused", "p resume");
        Assert.Equal(RunStatus.Paused, Long().Status);
        Assert.NotNull(Long().Checkpoint);
    }

    private static void Compare(Tmux terminal)
    {
        terminal.Press("g", "Space", "Space", "Space");
        terminal.WaitFor("3 marked");
        terminal.Press("c");
        terminal.WaitFor("what differs", "sae.k", "loss", "finished");
        terminal.Press("Escape");
        terminal.WaitFor("3 marked");
        terminal.Press("u");
    }

    private void Resume(Tmux terminal)
    {
        var step = Long().Snapshot.Step;
        terminal.WaitUntil(seen => !seen.Contains("marked"), "the marks to go");
        terminal.Press("g", "p");
        Wait("the long run to go on", () =>
            Long() is { Status: RunStatus.Running } now && now.Snapshot.Step > step);
        terminal.WaitFor("running  ");
    }

    // The run goes on; what is typed afterwards is seen, and the screen of before is back.
    private void KillTheDashboard(Tmux terminal)
    {
        var before = Long();
        var dashboard = Assert.Single(Children(terminal.Shell));
        Signal("KILL", dashboard);
        terminal.WaitFor("Killed");
        terminal.Command("echo s''een");
        terminal.WaitUntil(seen => seen.Contains("\nseen"), "what is typed");
        Assert.DoesNotContain("[Scores]", terminal.Text);
        Wait("another step", () => Long().Snapshot.Step > before.Snapshot.Step);
        Assert.Equal(before.Snapshot.Pid, Long().Snapshot.Pid);
    }

    private void Stop(Tmux terminal)
    {
        terminal.Command("$SYNTHSAE dashboard --ascii --no-color");
        Filter(terminal, "k=20", "1 of 3 runs");
        terminal.Press("x");
        terminal.WaitFor("Stop ", "y yes");
        terminal.Press("y");
        terminal.WaitFor("stopped");
        terminal.Press("q");
        terminal.WaitUntil(seen => !seen.Contains("1 Runs"), "the shell");
        Assert.Equal(RunStatus.Stopped, Long().Status);
    }

    private IReadOnlyDictionary<string, string> Variables => new Dictionary<string, string>
    {
        ["SYNTHSAE"] = $"dotnet {typeof(Host).Assembly.Location}",
        [StateFolder.Variable] = State.Path,
        ["SYNTHSAE_RUNS"] = _store.Folder,
        ["SYNTHSAE_THREADS"] = "1",
        ["SYNTHSAE_CPU_SLOTS"] = "2",
        ["SYNTHSAE_SUPERVISOR_IDLE"] = "1",
        ["XDG_CONFIG_HOME"] = _folder.File("config"),
        ["XDG_CACHE_HOME"] = _folder.File("cache"),
        ["XDG_STATE_HOME"] = _folder.File("state-home"),
        ["LC_ALL"] = "C.UTF-8",
        ["NO_COLOR"] = "",
    };

    private StateFolder State => new(_folder.File("state"));

    private RunSummary Long() => _store.List().Single(run => run.Snapshot.Saes[0].K == 20);

    private static IReadOnlyList<int> Children(int process) =>
    [
        .. File.ReadAllText($"/proc/{process}/task/{process}/children")
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(int.Parse),
    ];

    private static void Signal(string name, int process)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{process}"]);
        kill.WaitForExit();
    }

    private static void Wait(string what, Func<bool> holds)
    {
        var start = Stopwatch.GetTimestamp();
        while (!holds())
        {
            var waited = Stopwatch.GetElapsedTime(start);
            Assert.True(waited.TotalSeconds < 20, $"waited in vain for {what}");
            Thread.Sleep(30);
        }
    }
}
