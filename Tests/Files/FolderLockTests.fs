module SynthSae.Tests.FolderLockTests

open System
open System.IO
open SynthSae.Compute
open SynthSae.Compute.Files
open Xunit

[<Fact>]
let ``a folder has one writer at a time, and the lock leaves nothing behind`` () =
    use folder = new TemporaryFolder()
    Assert.False(FolderLock.IsHeld folder.Path)
    let first = FolderLock.Take folder.Path
    Assert.True(FolderLock.IsHeld folder.Path)
    let error = Assert.Throws<BadInput>(fun () -> FolderLock.Take folder.Path |> ignore)
    Assert.Equal(folder.Path, error.place)
    (first :> IDisposable).Dispose()
    Assert.False(FolderLock.IsHeld folder.Path)
    use _ = FolderLock.Take folder.Path
    Assert.Empty(Directory.GetFileSystemEntries folder.Path)
