using System.Diagnostics;
using SynthSae.Hosting;
using SynthSae.Runs;

namespace SynthSae.Supervision;

/// <summary>The workers that a supervisor has started, and the slots they leave.</summary>
internal sealed class Workers(StateFolder state, MachineSlots slots, SupervisorLog log)
{
    // So often a worker may end before it has taken its run out of the queue.
    private const int MostAttempts = 3;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Queue _queue = new(state);
    private readonly List<(int Pid, Ticket Ticket, Slot Slot)> _living = [];
    private readonly Dictionary<string, (int Count, long Last)> _attempts = [];

    /// <summary>Whether a worker lives, of this supervisor or of one before it.</summary>
    public bool AnyAlive => _living.Count > 0 || SlotLock.Taken(state).Count > 0;

    /// <summary>The slots that nobody has and one of the runs could use.</summary>
    public IReadOnlyList<Slot> Free(IReadOnlyList<Ticket> waiting) =>
    [
        .. slots.All(waiting.Any(ticket => ticket.Device.Gpu))
            .Where(slot => _living.TrueForAll(worker => worker.Slot != slot)
                && !SlotLock.IsTaken(state, slot)),
    ];

    /// <summary>Whether a run may be begun now: nobody is at it, and its turn has come.</summary>
    public bool IsReady(Ticket ticket) =>
        _living.TrueForAll(worker => worker.Ticket.Run != ticket.Run)
        && (!_attempts.TryGetValue(ticket.Run, out var attempt)
            || Stopwatch.GetElapsedTime(attempt.Last) > Pause * attempt.Count);

    /// <summary>Start a worker for a run.</summary>
    public void Start(Ticket ticket, Slot slot)
    {
        var command = new List<string>
        {
            "work", ticket.Run, "--queued", "--slot", slot.Name,
            "--threads", $"{ticket.Threads ?? slots.Threads(slot)}",
        };
        if (ticket.Anew)
        {
            command.Add("--anew");
        }

        try
        {
            var pid = DetachedProcess.Start(
                Executable.Command([.. command]), ticket.Folder, LogOf(ticket.Run));
            _living.Add((pid, ticket, slot));
            log.Write($"{slot}: worker {pid} for {ticket.Run}");
        }
        catch (Exception error) when (ErrorReport.IsBadInput(error))
        {
            log.Write($"{slot}: no worker for {ticket.Run}: {error.Message}");
            CountAttempt(ticket, "its worker cannot be started: " + error.Message);
        }
    }

    /// <summary>Take note of workers that have ended.</summary>
    public void Reap()
    {
        foreach (var worker in _living.ToList())
        {
            if (Posix.TryWait(worker.Pid) is not { } code)
            {
                continue;
            }

            _living.Remove(worker);
            log.Write($"{worker.Slot}: worker {worker.Pid} has ended with {code}");
            if (!_queue.Holds(worker.Ticket.Run))
            {
                _attempts.Remove(worker.Ticket.Run);
            }
            else if (code != ExitCode.Busy)
            {
                CountAttempt(
                    worker.Ticket,
                    $"its worker ended with {code} before the run had begun; see "
                        + LogOf(worker.Ticket.Run));
            }
        }
    }

    /// <summary>Where a run's worker writes to.</summary>
    public static string LogOf(string run) => Path.Combine(run, "work.log");

    // A run that cannot be begun must not be tried for ever; where that cannot be said, it waits
    // on.
    private void CountAttempt(Ticket ticket, string problem)
    {
        var count = _attempts.GetValueOrDefault(ticket.Run).Count + 1;
        _attempts[ticket.Run] = (count, Stopwatch.GetTimestamp());
        if (count >= MostAttempts && RunFolder.Is(ticket.Run)
            && RunWord.TryFail(RunFolder.Open(ticket.Run), problem))
        {
            log.Write($"{ticket.Run}: {problem}");
            _queue.Remove(ticket.Run);
            _attempts.Remove(ticket.Run);
        }
    }
}
