using SynthSae.Runs;

namespace SynthSae.Store;

/// <summary>Looks for requests to a run while it goes on.</summary>
internal sealed class ControlWatch : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private readonly RunFolder _folder;
    private readonly Action<RunRequest> _obey;
    private readonly ManualResetEventSlim _done = new(false);
    private readonly Thread _thread;

    public ControlWatch(RunFolder folder, Action<RunRequest> obey)
    {
        (_folder, _obey) = (folder, obey);
        Look(_ => { });
        _thread = new Thread(Watch) { IsBackground = true, Name = "control" };
        _thread.Start();
    }

    public void Dispose()
    {
        _done.Set();
        _thread.Join();
        _done.Dispose();
    }

    private void Watch()
    {
        while (!_done.Wait(Interval))
        {
            Look(_obey);
        }
    }

    private void Look(Action<RunRequest> obey)
    {
        foreach (var request in Controls.Pending(_folder))
        {
            if (Controls.TryTake(_folder, request))
            {
                obey(request);
            }
        }
    }
}
