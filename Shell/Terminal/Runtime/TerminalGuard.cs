using System.ComponentModel;
using System.Diagnostics;

namespace SynthSae.Terminal.Runtime;

/// <summary>
/// Gives the terminal back where this process cannot: after kill -9, or when memory has run out. A
/// shell waits for the end of its input, which also comes if nobody has said goodbye.
/// </summary>
internal sealed class TerminalGuard : IDisposable
{
    private const string Script =
        "trap '' INT QUIT TERM HUP TSTP TTOU; read -r word"
        + " || { printf %s \"$1\"; stty sane; } >/dev/tty 2>/dev/null </dev/tty";

    private readonly Process? _shell;

    /// <param name="leave">What is written to the terminal then.</param>
    public TerminalGuard(string leave)
    {
        try
        {
            // With streams of its own, or the runtime would change the terminal for it.
            _shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", Script, "sh", leave])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            });
        }
        catch (Exception error) when (error is Win32Exception or IOException)
        {
            _shell = null; // the terminal is given back as long as this process lives
        }
    }

    /// <summary>The terminal was given back.</summary>
    public void Dispose()
    {
        try
        {
            _shell?.StandardInput.WriteLine("done");
            _shell?.StandardInput.Close();
        }
        catch (IOException)
        {
            return; // it was killed itself
        }
        finally
        {
            _shell?.Dispose();
        }
    }
}
