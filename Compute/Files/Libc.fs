namespace SynthSae.Compute.Files

open System.Runtime.InteropServices

/// Calls of the C library that .NET does not offer, with Linux's constants.
module internal Libc =
    [<DllImport("libc", SetLastError = true)>]
    extern int ``open``(string path, int flags)

    [<DllImport("libc", SetLastError = true)>]
    extern int fsync(int descriptor)

    [<DllImport("libc", SetLastError = true)>]
    extern int close(int descriptor)

    [<DllImport("libc", SetLastError = true)>]
    extern int flock(int descriptor, int operation)

    /// Do not hand the descriptor down to child processes (O_CLOEXEC).
    [<Literal>]
    let CloseOnExec = 0x80000

    /// Exclusively, and without waiting (LOCK_EX | LOCK_NB).
    [<Literal>]
    let TryExclusive = 6

    /// Together with others, and without waiting (LOCK_SH | LOCK_NB).
    [<Literal>]
    let TryShared = 5

    /// Someone else holds the lock (EWOULDBLOCK).
    [<Literal>]
    let WouldBlock = 11
