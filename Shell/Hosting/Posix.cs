using System.Runtime.InteropServices;

namespace SynthSae.Hosting;

/// <summary>Calls of the C library that start a process and ask after it.</summary>
internal static class Posix
{
    /// <summary>Room for the library's own records, more than any has.</summary>
    public const int RecordBytes = 1024;

    /// <summary>O_RDONLY.</summary>
    public const int ReadOnly = 0;

    /// <summary>O_WRONLY | O_CREAT | O_APPEND.</summary>
    public const int AppendOrCreate = 0x441;

    /// <summary>
    /// POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID: signals as a new
    /// program expects them, in a session of its own.
    /// </summary>
    public const short FreshSession = 0x04 | 0x08 | 0x80;

    private const string Libc = "libc";
    private const int DoNotWait = 1;

    [DllImport(Libc, EntryPoint = "posix_spawn")]
    public static extern int Spawn(
        out int pid,
        [MarshalAs(UnmanagedType.LPUTF8Str)] string path,
        nint actions,
        nint attributes,
        nint[] args,
        nint[] variables);

    [DllImport(Libc, EntryPoint = "posix_spawn_file_actions_init")]
    public static extern int InitActions(nint actions);

    [DllImport(Libc, EntryPoint = "posix_spawn_file_actions_destroy")]
    public static extern int DestroyActions(nint actions);

    [DllImport(Libc, EntryPoint = "posix_spawn_file_actions_addopen")]
    public static extern int AddOpen(
        nint actions,
        int descriptor,
        [MarshalAs(UnmanagedType.LPUTF8Str)] string path,
        int flags,
        int mode);

    [DllImport(Libc, EntryPoint = "posix_spawn_file_actions_adddup2")]
    public static extern int AddCopy(nint actions, int from, int to);

    [DllImport(Libc, EntryPoint = "posix_spawn_file_actions_addclose")]
    public static extern int AddClose(nint actions, int descriptor);

    [DllImport(Libc, EntryPoint = "posix_spawn_file_actions_addchdir_np")]
    public static extern int AddFolder(
        nint actions, [MarshalAs(UnmanagedType.LPUTF8Str)] string path);

    [DllImport(Libc, EntryPoint = "posix_spawnattr_init")]
    public static extern int InitAttributes(nint attributes);

    [DllImport(Libc, EntryPoint = "posix_spawnattr_destroy")]
    public static extern int DestroyAttributes(nint attributes);

    [DllImport(Libc, EntryPoint = "posix_spawnattr_setflags")]
    public static extern int SetFlags(nint attributes, short flags);

    [DllImport(Libc, EntryPoint = "posix_spawnattr_setsigdefault")]
    public static extern int SetDefaultSignals(nint attributes, nint signals);

    [DllImport(Libc, EntryPoint = "posix_spawnattr_setsigmask")]
    public static extern int SetBlockedSignals(nint attributes, nint signals);

    [DllImport(Libc, EntryPoint = "sigfillset")]
    public static extern int AllSignals(nint signals);

    [DllImport(Libc, EntryPoint = "sigemptyset")]
    public static extern int NoSignals(nint signals);

    [DllImport(Libc, SetLastError = true)]
    private static extern int waitpid(int pid, out int status, int options);

    /// <summary>
    /// The exit code of a child of this process that has ended, 128 and the signal if one ended it;
    /// null while it lives. A child that is none counts as ended.
    /// </summary>
    public static int? TryWait(int pid)
    {
        var found = waitpid(pid, out var status, DoNotWait);
        return found == 0 ? null
            : found < 0 ? ExitCode.Failed
            : (status & 0x7f) is > 0 and var signal ? 128 + signal
            : (status >> 8) & 0xff;
    }
}
