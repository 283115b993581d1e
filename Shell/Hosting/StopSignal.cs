using System.Diagnostics;
using System.Runtime.InteropServices;

namespace SynthSae.Hosting;

/// <summary>
/// Turns the first SIGINT or SIGTERM into a request to stop at the next good moment; another one,
/// a second or more later, ends the process at once. A lost terminal (SIGHUP) ends nothing.
/// </summary>
internal sealed class StopSignal : IDisposable
{
    // timeout(1) and shells send one signal twice, to the process and to its group.
    private static readonly TimeSpan Echo = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Host _host;
    private readonly Action? _onFirst;
    private long _first;

    /// <param name="host">Its terminal is put right before the process ends at once.</param>
    /// <param name="onFirst">Called once, on a thread of its own, when the first signal
    ///   comes.</param>
    public StopSignal(Host host, Action? onFirst = null)
    {
        _host = host;
        _onFirst = onFirst;
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, Receive));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, Receive));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGHUP, Outlive));
    }

    /// <summary>Requested once a signal has come.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>The exit code that tells which signal came; 0 if none.</summary>
    public int ExitCode { get; private set; }

    public void Dispose() => _registrations.ForEach(registration => registration.Dispose());

    private void Receive(PosixSignalContext context)
    {
        if (_source.IsCancellationRequested)
        {
            context.Cancel = Stopwatch.GetElapsedTime(_first) < Echo;
            if (!context.Cancel)
            {
                _host.ShowCursor();
            }

            return;
        }

        context.Cancel = true;
        _first = Stopwatch.GetTimestamp();
        ExitCode = context.Signal == PosixSignal.SIGINT
            ? Hosting.ExitCode.Interrupted
            : Hosting.ExitCode.Terminated;
        _source.Cancel();
        _onFirst?.Invoke();
    }

    private static void Outlive(PosixSignalContext context) => context.Cancel = true;
}
