using System.Diagnostics;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using SynthSae.Runs;
using SynthSae.Store;

namespace SynthSae.Tests.Store;

/// <summary>The program on runs in a folder of their own.</summary>
internal sealed class RunProcess : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<Process> _started = [];

    /// <summary>The folder that it works in.</summary>
    public string Path => _folder.Path;

    /// <summary>The runs folder.</summary>
    public RunStore Store => new(_folder.File("runs"));

    /// <summary>The folder of the run of that id.</summary>
    public RunFolder Folder(string id) => RunFolder.Open(_folder.File($"runs/{id}"));

    /// <summary>Start it on a run of that id.</summary>
    public Process Start(string id, params string[] args) =>
        Launch(["run", .. args, "--out", $"runs/{id}"]);

    /// <summary>Start it to go on with the run of that id.</summary>
    public Process Resume(string id) => Launch(["run", "--resume", $"runs/{id}", "--quiet"]);

    private Process Launch(IEnumerable<string> args)
    {
        var process = Cli.start(Path, ListModule.Empty<Tuple<string, string>>(), Args(args));
        _started.Add(process);
        return process;
    }

    /// <summary>Do it to the end, in this process.</summary>
    public Outcome Run(params string[] args) =>
        Cli.run(Args([args[0], "--runs", _folder.File("runs"), .. args[1..]]));

    /// <summary>A run that is finished, or has ended otherwise, in this process.</summary>
    public Outcome Execute(string id, params string[] args) =>
        Cli.run(Args(
            ["run", .. args, "--out", _folder.File($"runs/{id}"), "--quiet", "--cache", "none"]));

    /// <summary>Wait until the run of that id says something that holds.</summary>
    public RunSummary WaitFor(string id, string what, Func<RunSummary, bool> holds)
    {
        RunSummary? run = null;
        Cli.waitFor(what, FuncConvert.FromFunc(() =>
            (run = Store.Find(id)) is not null && holds(run)));
        return run!;
    }

    /// <summary>The last event that was logged.</summary>
    public string? LastEvent(string id) => EventTail.Read(Folder(id)).FirstOrDefault().Text("event");

    public void Dispose()
    {
        foreach (var process in _started)
        {
            try
            {
                process.Kill();
                process.WaitForExit();
            }
            catch (InvalidOperationException)
            {
                // It has ended, and was disposed of.
            }

            process.Dispose();
        }

        ((IDisposable)_folder).Dispose();
    }

    private static FSharpList<string> Args(IEnumerable<string> args) => ListModule.OfSeq(args);
}
