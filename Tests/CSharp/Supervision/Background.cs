using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.FSharp.Collections;
using SynthSae.Runs;
using SynthSae.Store;
using SynthSae.Supervision;
using Xunit;

namespace SynthSae.Tests.Supervision;

/// <summary>
/// A user of their own, with a queue and a runs folder of their own. All processes of this user are
/// ended with it.
/// </summary>
internal sealed class Background : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder = new();
    private readonly List<Tuple<string, string>> _variables;

    public Background(params (string Name, string Value)[] variables)
    {
        State = new StateFolder(_folder.File("state"));
        _variables =
        [
            Tuple.Create(StateFolder.Variable, State.Path),
            .. variables.Select(variable => Tuple.Create(variable.Name, variable.Value)),
        ];
    }

    public StateFolder State { get; }

    public string Path => _folder.Path;

    public string RunsFolder => _folder.File("runs");

    /// <summary>A command that must succeed; its output.</summary>
    public string Do(params string[] args)
    {
        var outcome = Try(args);
        Assert.True(outcome.Code == 0, $"{string.Join(' ', args)}: {outcome.Code} {outcome.Error}");
        return outcome.Out;
    }

    /// <summary>A command.</summary>
    public Outcome Try(params string[] args) =>
        Cli.spawn(Path, ListModule.OfSeq(_variables), ListModule.OfSeq(args));

    /// <summary>A command that is not waited for.</summary>
    public Process Begin(params string[] args) =>
        Cli.start(Path, ListModule.OfSeq(_variables), ListModule.OfSeq(args));

    /// <summary>A command of another copy of the program.</summary>
    public Process Launch(string program, params string[] args)
    {
        var info = new ProcessStartInfo("dotnet", [program, .. args])
        {
            WorkingDirectory = Path,
            RedirectStandardError = true,
        };
        _variables.ForEach(variable => info.Environment[variable.Item1] = variable.Item2);
        return Process.Start(info)!;
    }

    /// <summary>Queue a run of the tiny preset; its folder.</summary>
    public RunFolder Start(params string[] more) =>
        Started(Do(["start", "tiny", "--cache", "none", "--json", .. more]))[0];

    /// <summary>The folders that <c>start --json</c> tells of.</summary>
    public static IReadOnlyList<RunFolder> Started(string json) =>
    [
        .. JsonNode.Parse(json)!["runs"]!.AsArray()
            .Select(run => RunFolder.Open((string)run!["folder"]!)),
    ];

    /// <summary>How a run stands.</summary>
    public static RunSnapshot Look(RunFolder run) =>
        RunReading.Read(run.Path, DateTime.UtcNow)!.Snapshot;

    public static RunStatus Status(RunFolder run) => Look(run).Status;

    /// <summary>Wait until a run has this status.</summary>
    public void Await(RunFolder run, RunStatus status) =>
        WaitFor($"{run.Id} to be {status}", () => Status(run) == status);

    /// <summary>Wait until something holds.</summary>
    public void WaitFor(string what, Func<bool> holds)
    {
        var start = Stopwatch.GetTimestamp();
        while (!holds())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Limit, $"waited in vain for {what}\n{Log()}");
            Thread.Sleep(10);
        }
    }

    /// <summary>The names of a run's events, in their order.</summary>
    public static IReadOnlyList<string> Events(RunFolder run) =>
    [
        .. File.ReadAllText(run.EventsFile).Split('\n')
            .Select(SynthSae.Formatting.Json.TryObject)
            .OfType<JsonObject>()
            .Select(line => (string)line["event"]!),
    ];

    /// <summary>How often it was begun or gone on with.</summary>
    public static int Sittings(RunFolder run) =>
        Events(run).Count(name => name is EventNames.Started or EventNames.Resumed);

    /// <summary>The supervisor that began last; null if it is dead.</summary>
    public int? Supervisor() =>
        Supervisors.Lives(State) ? Pids("supervisor ", " begins").LastOrDefault() : null;

    /// <summary>The worker that was started last for a run; 0 if there was none.</summary>
    public int Worker(RunFolder run) => Pids("worker ", $" for {run.Path}").LastOrDefault();

    /// <summary>How many workers were started for a run.</summary>
    public int Workers(RunFolder run) => Pids("worker ", $" for {run.Path}").Count();

    /// <summary>What the supervisors have written.</summary>
    public string Log() =>
        File.Exists(State.SupervisorLog) ? File.ReadAllText(State.SupervisorLog) : "";

    /// <summary>End a process at once, and wait until it is no more.</summary>
    public void Kill(int pid)
    {
        Assert.True(pid > 0);
        using (var kill = Process.Start("kill", ["-KILL", $"{pid}"]))
        {
            kill.WaitForExit();
        }

        WaitFor($"the end of {pid}", () => !Lives(pid));
    }

    // The first thread of a process that is killed can be gone before the others.
    public static bool Lives(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..][0] is not ('Z' or 'X')
                || Directory.GetDirectories($"/proc/{pid}/task").Length > 1;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>All processes of this user.</summary>
    public IReadOnlyList<int> Processes() =>
    [
        .. Directory.GetDirectories("/proc")
            .Select(System.IO.Path.GetFileName)
            .Where(name => char.IsAsciiDigit(name![0]))
            .Select(name => int.Parse(name!, CultureInfo.InvariantCulture))
            .Where(pid => Lives(pid) && IsOfUser(pid)),
    ];

    public void Dispose()
    {
        // Supervisors first: they start others.
        var supervisor = Supervisor();
        foreach (var pid in Processes().OrderBy(pid => pid != supervisor))
        {
            Kill(pid);
        }

        foreach (var pid in Processes())
        {
            Kill(pid);
        }

        ((IDisposable)_folder).Dispose();
    }

    private bool IsOfUser(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/environ").Split('\0')
                .Contains($"{StateFolder.Variable}={State.Path}");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private IEnumerable<int> Pids(string before, string after) =>
        Log().Split('\n')
            .Where(line => line.EndsWith(after, StringComparison.Ordinal)
                || line.Contains(after + ",", StringComparison.Ordinal))
            .Where(line => line.Contains(before, StringComparison.Ordinal))
            .Select(line => line[(line.IndexOf(before, StringComparison.Ordinal) + before.Length)..])
            .Select(rest => int.Parse(rest[..rest.IndexOf(' ')], CultureInfo.InvariantCulture))
            .ToList();
}
