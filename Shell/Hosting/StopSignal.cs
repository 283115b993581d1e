using System.Runtime.InteropServices;

namespace SynthSae.Hosting;

/// <summary>
/// Turns the first SIGINT or SIGTERM into a request to stop at the next good moment; a second one
/// ends the process at once. A lost terminal (SIGHUP) does not end a run.
/// </summary>
public sealed class StopSignal : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Action _onFirst;

    /// <param name="onFirst">Called once, on a thread of its own, when the first signal
    ///   comes.</param>
    public StopSignal(Action onFirst)
    {
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
            return;
        }

        context.Cancel = true;
        ExitCode = context.Signal == PosixSignal.SIGINT
            ? Hosting.ExitCode.Interrupted
            : Hosting.ExitCode.Terminated;
        _source.Cancel();
        _onFirst();
    }

    private static void Outlive(PosixSignalContext context) => context.Cancel = true;
}
