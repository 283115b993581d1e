namespace SynthSae.Compute.Files

open System
open System.Runtime.InteropServices
open System.Threading
open SynthSae.Compute

/// What can be said of a folder's lock.
[<RequireQualifiedAccess>]
type LockState =
    /// A living process has it.
    | Held
    /// Nobody has it.
    | Free
    /// The file system knows no locks, or the folder cannot be opened.
    | Unknown

/// A folder, or a file, that this process alone writes to, until the lock is disposed of or the process ends,
/// however it ends. It leaves no file behind. File systems that know no locks (some of networks) grant every one.
[<Sealed; AllowNullLiteral>]
type FolderLock private (descriptor: int) =
    let mutable held = true

    /// Who only asks holds the lock for a moment, together with others who ask: so long it is worth waiting.
    static let patience = TimeSpan.FromMilliseconds 300.0

    /// The descriptor of the folder, locked; -1 where there are no locks; `None` if another holds it.
    static let tryLock (operation: int) (folder: string) =
        let descriptor = Libc.``open`` (folder, Libc.CloseOnExec)

        if descriptor < 0 then
            Some -1
        elif Libc.flock (descriptor, operation) = 0 then
            Some descriptor
        else
            let reason = Marshal.GetLastPInvokeError()
            Libc.close descriptor |> ignore
            if reason = Libc.WouldBlock then None else Some -1

    /// Take the lock of an existing folder or file; `null` if another process has it for so long.
    static member TryTake(folder: string, patience: TimeSpan) : FolderLock =
        let limit = Environment.TickCount64 + int64 patience.TotalMilliseconds

        let rec take () =
            match tryLock Libc.TryExclusive folder with
            | Some descriptor -> new FolderLock(descriptor)
            | None when Environment.TickCount64 < limit ->
                Thread.Sleep 5
                take ()
            | None -> null

        take ()

    /// Take the lock of an existing folder. Raises `BadInput` if another process holds it.
    static member Take(folder: string) : FolderLock =
        match FolderLock.TryTake(folder, patience) with
        | null -> raise (BadInput(folder, "is being written by another process"))
        | held -> held

    /// What the lock of a folder is like at this moment.
    static member Look(folder: string) : LockState =
        match tryLock Libc.TryShared folder with
        | Some -1 -> LockState.Unknown
        | Some descriptor ->
            Libc.close descriptor |> ignore
            LockState.Free
        | None -> LockState.Held

    /// Whether a process is known to hold the folder at this moment.
    static member IsHeld(folder: string) : bool = FolderLock.Look folder = LockState.Held

    interface IDisposable with
        member _.Dispose() =
            if held && descriptor >= 0 then
                Libc.close descriptor |> ignore

            held <- false
