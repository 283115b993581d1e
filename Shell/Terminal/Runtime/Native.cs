using System.Runtime.InteropServices;

namespace SynthSae.Terminal.Runtime;

/// <summary>The C library's words for terminals and processes.</summary>
internal static class Native
{
    public const int Stdin = 0;
    public const int Stdout = 1;
    public const int SigStop = 19;
    public const short PollIn = 1;

    private const int Now = 0;
    private const ulong WindowSize = 0x5413; // TIOCGWINSZ of Linux

    // More than any system's struct termios; cfmakeraw knows what is in it.
    private const int TermiosBytes = 256;

    /// <summary>The terminal's modes; null if it is none.</summary>
    public static byte[]? Modes()
    {
        var modes = new byte[TermiosBytes];
        return tcgetattr(Stdin, modes) == 0 ? modes : null;
    }

    /// <summary>Set the modes.</summary>
    public static void SetModes(byte[] modes) => _ = tcsetattr(Stdin, Now, modes);

    /// <summary>Modes in which bytes pass as they are.</summary>
    public static byte[] Raw(byte[] modes)
    {
        var raw = (byte[])modes.Clone();
        cfmakeraw(raw);
        return raw;
    }

    /// <summary>Columns and rows of standard output's terminal; null if it does not say.</summary>
    public static Size? WindowSizeOf(int descriptor)
    {
        var cells = new ushort[4];
        return ioctl(descriptor, WindowSize, cells) == 0 && cells[0] > 0 && cells[1] > 0
            ? new Size(cells[1], cells[0])
            : null;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short Happened;
    }

    [DllImport("libc", SetLastError = true)]
    public static extern int poll([In, Out] PollEntry[] entries, ulong count, int milliseconds);

    [DllImport("libc", SetLastError = true)]
    public static extern nint read(int descriptor, [Out] byte[] buffer, nuint count);

    [DllImport("libc")]
    public static extern int kill(int process, int signal);

    [DllImport("libc")]
    public static extern int getpgrp();

    [DllImport("libc")]
    public static extern int getpgid(int process);

    [DllImport("libc")]
    public static extern int getsid(int process);

    [DllImport("libc")]
    public static extern int isatty(int descriptor);

    [DllImport("libc")]
    private static extern int tcgetattr(int descriptor, [Out] byte[] modes);

    [DllImport("libc")]
    private static extern int tcsetattr(int descriptor, int when, byte[] modes);

    [DllImport("libc")]
    private static extern void cfmakeraw([In, Out] byte[] modes);

    [DllImport("libc")]
    private static extern int ioctl(int descriptor, ulong request, [Out] ushort[] cells);
}
