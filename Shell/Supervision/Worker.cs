using SynthSae.Compute.Files;
using SynthSae.Core;
using SynthSae.Hosting;
using SynthSae.Progress;
using SynthSae.Reports;
using SynthSae.Runs;
using SynthSae.Store;

namespace SynthSae.Supervision;

/// <summary>
/// Carries out one run in this process: begins it if it was only prepared, and otherwise goes on
/// from its newest checkpoint. Of several workers for one run one does it, and the others do
/// nothing.
/// </summary>
internal sealed class Worker(StateFolder state, WorkOrder order, Host host)
{
    // Whoever queues, stops or pauses a run holds its folder for a moment.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Queue _queue = new(state);
    private readonly RunFolder _folder = order.Folder;

    /// <summary>The exit code.</summary>
    /// <param name="ending">Asks the run to save and to end, as a signal does.</param>
    public int Execute(CancellationToken ending = default)
    {
        using var stop = new StopSignal(host);
        using var slot = order.Slot is { } wanted
            ? SlotLock.TryTake(state, wanted, _folder.Path)
            : null;
        if (order.Slot is not null && slot is null)
        {
            return Leave($"the slot {order.Slot} is taken", ExitCode.Busy);
        }

        var held = FolderLock.TryTake(_folder.Path, Patience);
        if (held is null)
        {
            return Leave("another process works on the run", ExitCode.Busy);
        }

        if (Objection() is { } objection)
        {
            ((IDisposable)held).Dispose();
            return objection;
        }

        using var start = Start(held);
        start.ForceMemory = order.ForceMemory;
        Begin(start);
        return Train(start, stop, ending);
    }

    // Why there is nothing to do, looked at while nobody else can change it.
    private int? Objection()
    {
        if (order.NeedsTicket && !_queue.Holds(_folder.Path))
        {
            return Leave("the run no longer waits", ExitCode.Ok);
        }

        if (_folder.IsFinished)
        {
            _queue.Remove(_folder.Path);
            return Leave("the run has finished", ExitCode.Ok);
        }

        // Killed before it could take its ticket away, or gone on with elsewhere: what has begun
        // since it was queued is not begun again silently.
        if (order.NeedsTicket && RunWord.Last(_folder) is { Status: not RunStatus.Queued } said)
        {
            _queue.Remove(_folder.Path);
            return Leave($"the run no longer waits: {said.Status.Word()}", ExitCode.Ok);
        }

        return null;
    }

    private RunStart Start(FolderLock held)
    {
        try
        {
            var settings = PreparedSettings.Read(_folder, order.Device, order.Threads);
            if (_folder.NewestCheckpoint is not null)
            {
                return RunStart.Again(_folder, settings, held);
            }

            var begun = HasBegun();
            return !begun ? RunStart.Prepared(_folder, settings, held)
                : order.Anew ? RunStart.Prepared(
                    _folder, RunDescription.Own(_folder, settings), held)
                : throw Failure.BadInput(
                    _folder.Path,
                    "has begun before and has no checkpoint to go on from; to begin anew: "
                        + $"synthsae resume {_folder.Shown}");
        }
        catch (Exception error)
        {
            ((IDisposable)held).Dispose();
            if (RunWord.TryFail(_folder, error.Message))
            {
                _queue.Remove(_folder.Path);
            }

            throw;
        }
    }

    private bool HasBegun() =>
        File.Exists(_folder.EventsFile)
        && File.ReadLines(_folder.EventsFile)
            .Any(line => line.Contains(
                $"\"event\":\"{EventNames.Started}\"", StringComparison.Ordinal));

    // A worker that dies in between leaves a run that tells that it was interrupted.
    private void Begin(RunStart start)
    {
        var now = DateTime.UtcNow;
        var said = RunWord.Last(_folder)
            ?? RunSnapshot.Queued(start.Plan, start.Settings, now);
        StatusFile.Write(_folder, said with
        {
            Status = RunStatus.Running,
            Device = start.Settings.Device is { } device ? device.ToString() : "cpu",
            Threads = start.Settings.Threads,
            Host = ThisHost.Name,
            Boot = ThisHost.Boot,
            Pid = Environment.ProcessId,
            Started = now,
            Updated = now,
            Message = null,
        });
        _queue.Remove(_folder.Path);
    }

    private int Train(RunStart start, StopSignal stop, CancellationToken ending)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop.Token, ending);
        var latents = start.Plan.Saes.Select(sae => sae.Latents).ToList();
        var observer = Observers.For(host, latents, quiet: false);
        var end = WatchedRun.Execute(start, observer, either.Token);
        if (end.Result is { } result)
        {
            Report(result);
        }

        return Leave($"{end.Status.Word()}", end.ExitCode(stop.ExitCode));
    }

    private void Report(RunResult result)
    {
        try
        {
            ResultReport.Write(result, host);
        }
        catch (IOException)
        {
            // A full disk: everything is in the result.
        }
    }

    private int Leave(string why, int code)
    {
        try
        {
            host.Error.WriteLine($"{_folder.Id}: {why}");
        }
        catch (IOException)
        {
            // Nobody learns why.
        }

        return code;
    }
}
