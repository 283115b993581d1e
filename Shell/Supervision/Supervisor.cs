using System.Diagnostics;
using SynthSae.Compute.Files;
using SynthSae.Hosting;
using SynthSae.Runs;

namespace SynthSae.Supervision;

/// <summary>
/// Gives each slot one run at a time, as long as runs wait or workers live. It holds nothing that
/// matters: what waits lies in the queue, who works shows in the locks, so that another supervisor
/// goes on where one was killed.
/// </summary>
/// <param name="state">Where everything lies.</param>
/// <param name="slots">The slots of the machine.</param>
/// <param name="idle">So long without a run it stays.</param>
/// <param name="log">What it does, a line each.</param>
internal sealed class Supervisor(
    StateFolder state, MachineSlots slots, TimeSpan idle, SupervisorLog log)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    // Who only looks holds the lock for a moment, and one that ends lets go of it soon.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly QueueWatch _queue = new(state);
    private readonly Workers _workers = new(state, slots, log);
    private readonly HashSet<string> _told = [];
    private bool _isUprooted;

    /// <summary>
    /// Work until there is nothing to do or <paramref name="stop"/> is requested; workers go on.
    /// False if another supervisor is there.
    /// </summary>
    public bool Run(CancellationToken stop)
    {
        Core.Files.CreateFolder(state.Path);
        Core.Files.TryCreate(state.SupervisorLock);
        var worked = false;
        // Who queues a run while this one ends sees its lock and trusts in it.
        do
        {
            using var held = FolderLock.TryTake(state.SupervisorLock, Patience);
            if (held is null)
            {
                return worked;
            }

            worked = true;
            CheckLock();
            log.Write($"supervisor {Environment.ProcessId} begins, {slots}");
            Supervise(stop);
        }
        while (!IsOver(stop) && _queue.Tickets().Count > 0);

        log.Write($"supervisor {Environment.ProcessId} ends: {(
            stop.IsCancellationRequested ? "asked to; workers go on"
            : _isUprooted ? "the program or the state folder has been moved; runs keep waiting"
            : "nothing to do")}");
        return true;
    }

    // Without locks there would be two supervisors, and two workers in a slot.
    private void CheckLock()
    {
        if (!FolderLock.IsHeld(state.SupervisorLock))
        {
            throw Core.Failure.BadInput(
                state.Path,
                "lies on a file system without locks; "
                    + $"{StateFolder.Variable} names another folder");
        }
    }

    private void Supervise(CancellationToken stop)
    {
        var lastWork = Stopwatch.GetTimestamp();
        while (!IsOver(stop))
        {
            if (TryLook())
            {
                lastWork = Stopwatch.GetTimestamp();
            }
            else if (Stopwatch.GetElapsedTime(lastWork) >= idle)
            {
                return;
            }

            stop.WaitHandle.WaitOne(Interval);
        }
    }

    // One that is started from the new place, or finds the new folder, can do what this one cannot.
    private bool IsOver(CancellationToken stop)
    {
        _isUprooted = _isUprooted || !Executable.IsThere || !File.Exists(state.SupervisorLock);
        return stop.IsCancellationRequested || _isUprooted;
    }

    // What keeps it from looking may pass.
    private bool TryLook()
    {
        try
        {
            return Look();
        }
        catch (Exception error) when (ErrorReport.IsBadInput(error))
        {
            TellOnce(error.Message);
            return false;
        }
    }

    // True if there is something to do, or others are at it.
    private bool Look()
    {
        _workers.Reap();
        foreach (var file in _queue.Damaged())
        {
            SetAside(file, $"{file} is damaged and was put aside");
        }

        var waiting = _queue.Tickets();
        if (waiting.Count == 0)
        {
            return _workers.AnyAlive;
        }

        var free = _workers.Free(waiting);
        if (free.Count > 0)
        {
            foreach (var (ticket, slot) in Schedule.Decide(waiting.Where(IsReady), free))
            {
                _workers.Start(ticket, slot);
            }
        }

        return true;
    }

    private bool IsReady(Ticket ticket)
    {
        if (!RunFolder.Is(ticket.Run))
        {
            SetAside(_queue.FileOf(ticket), $"{ticket.Run} is gone; its ticket was put aside");
            return false;
        }

        return _workers.IsReady(ticket) && !FolderLock.IsHeld(ticket.Run);
    }

    private void SetAside(string file, string why)
    {
        TellOnce(why);
        _queue.SetAside(file);
    }

    private void TellOnce(string line)
    {
        if (_told.Add(line))
        {
            log.Write(line);
        }
    }
}
