namespace SynthSae.Tests

open System
open System.IO

/// A new empty folder that is removed with its content.
[<Sealed>]
type TemporaryFolder() =
    let path = Directory.CreateTempSubdirectory("synthsae-test-").FullName

    /// Full path.
    member _.Path = path

    /// Full path of an entry.
    member _.File(name: string) = Path.Combine(path, name)

    interface IDisposable with
        member _.Dispose() = Directory.Delete(path, true)
