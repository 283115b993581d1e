using SynthSae.Compute.Files;
using SynthSae.Core;
using SynthSae.Runs;
using SynthSae.Store;

namespace SynthSae.Supervision;

/// <summary>Brings a run to rest, wherever it is: in the queue or at work.</summary>
/// <param name="queue">The queue of this machine.</param>
/// <param name="folder">The run.</param>
/// <param name="request">To stop or to pause.</param>
internal sealed class Ending(Queue queue, RunFolder folder, RunRequest request)
{
    private bool _sent;

    /// <summary>The run.</summary>
    public RunFolder Folder => folder;

    /// <summary>True once no process works on the run and it does not wait.</summary>
    public bool IsDone { get; private set; }

    /// <summary>How the run stands; null if it is gone.</summary>
    public RunSnapshot? Snapshot { get; private set; }

    /// <summary>True if the run was at rest before anything was asked.</summary>
    public bool WasAtRest { get; private set; }

    private RunStatus Wanted => request == RunRequest.Pause ? RunStatus.Paused : RunStatus.Stopped;

    /// <summary>
    /// Look how the run stands, and do what is next; to be called until it is done.
    /// </summary>
    public void Advance()
    {
        Snapshot = RunReading.Read(folder.Path, DateTime.UtcNow)?.Snapshot;
        switch (Snapshot?.Status)
        {
            case RunStatus.Queued:
                TakeFromQueue();
                break;
            case RunStatus.Running:
                Ask();
                break;
            case RunStatus.Paused when Wanted == RunStatus.Stopped && !_sent:
                IsDone = TrySay();
                break;
            default:
                WasAtRest = !_sent;
                IsDone = true;
                break;
        }

        if (IsDone)
        {
            Snapshot = RunReading.Read(folder.Path, DateTime.UtcNow)?.Snapshot;
        }
    }

    // A run that has just begun removes requests of before: it is asked until it obeys.
    private void Ask()
    {
        _sent = true;
        if (!Controls.Pending(folder).Contains(request))
        {
            Controls.Send(folder, request);
        }
    }

    private void TakeFromQueue() =>
        IsDone = queue.Holds(folder.Path) ? queue.Dequeue(folder, Wanted) : TrySay();

    // Only while no process has the folder, which then knows better.
    private bool TrySay()
    {
        using var held = FolderLock.TryTake(folder.Path, TimeSpan.Zero);
        if (held is null || queue.Holds(folder.Path))
        {
            return false;
        }

        RunWord.Say(folder, Wanted, said => said);
        return true;
    }
}
