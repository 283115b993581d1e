using System.Runtime.InteropServices;
using SynthSae.Hosting;
using SynthSae.Terminal.Input;
using SynthSae.Terminal.Runtime;

namespace SynthSae.Dashboard.Runtime;

/// <summary>
/// Signals as a full-screen program takes them: it ends on SIGINT, SIGTERM, SIGQUIT and SIGHUP with
/// the terminal given back, stops on SIGTSTP, comes back on SIGCONT, and follows the size of its
/// window.
/// </summary>
internal sealed class TerminalSignals : IDisposable
{
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly UnhandledExceptionEventHandler _crash;

    public TerminalSignals(Loop loop, ITerminal terminal)
    {
        void On(PosixSignal signal, Action act) =>
            _registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                act();
            }));

        void EndWith(int code)
        {
            Code = code;
            loop.End();
        }

        On(PosixSignal.SIGINT, () => EndWith(ExitCode.Interrupted));
        On(PosixSignal.SIGTERM, () => EndWith(ExitCode.Terminated));
        On(PosixSignal.SIGQUIT, () => EndWith(ExitCode.Terminated));
        On(PosixSignal.SIGHUP, () => EndWith(ExitCode.Ok));
        if (!OperatingSystem.IsWindows())
        {
            On(PosixSignal.SIGTSTP, () => loop.Post(new Msg.Pressed(Key.Parse("Ctrl-z"))));
            On(PosixSignal.SIGCONT, () => loop.Post(new Msg.Resumed()));
            On(PosixSignal.SIGWINCH, () => loop.Post(new Msg.Resized(terminal.Size)));
        }

        _crash = (_, _) => loop.Abandon();
        AppDomain.CurrentDomain.UnhandledException += _crash;
    }

    /// <summary>
    /// The exit code that tells which signal came; 0 if none, or the terminal is gone.
    /// </summary>
    public int Code { get; private set; }

    public void Dispose()
    {
        _registrations.ForEach(registration => registration.Dispose());
        AppDomain.CurrentDomain.UnhandledException -= _crash;
    }
}
