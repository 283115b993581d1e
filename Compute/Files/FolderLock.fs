namespace SynthSae.Compute.Files

open System
open System.Runtime.InteropServices
open SynthSae.Compute

/// A folder that this process alone writes to, until the lock is disposed of or the process ends, however it
/// ends. It leaves no file behind. File systems that know no locks (some of networks) grant every one.
[<Sealed>]
type FolderLock private (descriptor: int) =
    let mutable held = true

    /// The descriptor of the locked folder, -1 where there are no locks, `None` if another holds it.
    static let tryTake (folder: string) =
        let descriptor = Libc.``open`` (folder, Libc.CloseOnExec)

        if descriptor < 0 || Libc.flock (descriptor, Libc.TryExclusive) = 0 then
            Some descriptor
        else
            let reason = Marshal.GetLastPInvokeError()
            Libc.close descriptor |> ignore
            if reason = Libc.WouldBlock then None else Some -1

    /// Take the lock of an existing folder. Raises `BadInput` if another process holds it.
    static member Take(folder: string) : FolderLock =
        match tryTake folder with
        | Some descriptor -> new FolderLock(descriptor)
        | None -> raise (BadInput(folder, "is being written by another process"))

    /// Whether a process holds the folder at this moment.
    static member IsHeld(folder: string) : bool =
        match tryTake folder with
        | Some descriptor ->
            using (new FolderLock(descriptor)) ignore
            false
        | None -> true

    interface IDisposable with
        member _.Dispose() =
            if held && descriptor >= 0 then
                Libc.close descriptor |> ignore

            held <- false
