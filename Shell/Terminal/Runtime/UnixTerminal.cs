using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace SynthSae.Terminal.Runtime;

/// <summary>The terminal of this process.</summary>
internal sealed class UnixTerminal : ITerminal
{
    private const int Interrupted = 4; // EINTR
    private readonly Stream _out = Console.OpenStandardOutput();
    private readonly byte[]? _before = Native.Modes();

    /// <summary>True if input and output of this process are a terminal.</summary>
    public static bool IsThere =>
        Native.isatty(Native.Stdin) == 1 && Native.isatty(Native.Stdout) == 1;

    public Size Size => Native.WindowSizeOf(Native.Stdout) ?? Size.Standard;

    public void EnterRaw()
    {
        if (_before is not null)
        {
            Native.SetModes(Native.Raw(_before));
        }
    }

    public void LeaveRaw()
    {
        if (_before is not null)
        {
            Native.SetModes(_before);
        }
    }

    public int Read(byte[] buffer, TimeSpan wait)
    {
        var entries = new[]
        {
            new Native.PollEntry { Descriptor = Native.Stdin, Events = Native.PollIn },
        };
        var ready = Native.poll(entries, 1, (int)wait.TotalMilliseconds);
        if (ready <= 0)
        {
            return ready == 0 || Marshal.GetLastPInvokeError() == Interrupted ? 0 : -1;
        }

        var count = (int)Native.read(Native.Stdin, buffer, (nuint)buffer.Length);
        return count > 0 ? count
            : count < 0 && Marshal.GetLastPInvokeError() == Interrupted ? 0
            : -1;
    }

    public void Write(string text)
    {
        _out.Write(Encoding.UTF8.GetBytes(text));
        _out.Flush();
    }

    // All of the job: it may be one of several processes in a pipe or a script.
    public bool Stop() => HasShell() && Native.kill(0, Native.SigStop) == 0;

    /// <summary>
    /// A shell that controls jobs is there to let this one go on: the parent of the job's first
    /// process belongs to the same session, and to another job.
    /// </summary>
    private static bool HasShell()
    {
        var job = Native.getpgrp();
        return ParentOf(job) is { } parent
            && Native.getsid(parent) == Native.getsid(0)
            && Native.getpgid(parent) != job;
    }

    private static int? ParentOf(int process)
    {
        try
        {
            // PID (NAME) STATE PARENT …; the name may have anything in it.
            var text = File.ReadAllText(
                string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat"));
            var fields = text[(text.LastIndexOf(')') + 1)..].Split(' ');
            return int.Parse(fields[2], CultureInfo.InvariantCulture);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
