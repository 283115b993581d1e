using SynthSae.Store;

namespace SynthSae.Runs;

/// <summary>
/// Whether a run is to end before it is done, and why: by its process, or on request.
/// </summary>
internal sealed class RunControl : IDisposable
{
    private readonly CancellationTokenSource _source;
    private readonly IDisposable _watch;
    private volatile bool _checkpoint;
    private int _asked;

    /// <param name="start">The run.</param>
    /// <param name="stop">The process wants it to stop.</param>
    /// <param name="tell">Hears in words what the run is asked for, on another thread.</param>
    public RunControl(RunStart start, CancellationToken stop, Action<string> tell)
    {
        _source = CancellationTokenSource.CreateLinkedTokenSource(stop);
        _watch = Controls.Watch(start.Folder, request => Obey(request, tell));
    }

    /// <summary>Requested when the run is to end.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>What becomes of a run that ends early.</summary>
    public RunStatus End =>
        (RunRequest)Volatile.Read(ref _asked) == RunRequest.Pause
            ? RunStatus.Paused
            : RunStatus.Stopped;

    /// <summary>True once after a checkpoint was asked for.</summary>
    public bool TakeCheckpoint()
    {
        var wanted = _checkpoint;
        if (wanted)
        {
            _checkpoint = false;
        }

        return wanted;
    }

    public void Dispose()
    {
        _watch.Dispose();
        _source.Dispose();
    }

    private void Obey(RunRequest request, Action<string> tell)
    {
        if (request == RunRequest.Checkpoint)
        {
            _checkpoint = true;
            return;
        }

        // The first word counts: what is ending does not end in another way.
        if (!_source.IsCancellationRequested)
        {
            Volatile.Write(ref _asked, (int)request);
            tell(request == RunRequest.Pause ? "pausing on request" : "stopping on request");
            _source.Cancel();
        }
    }
}
