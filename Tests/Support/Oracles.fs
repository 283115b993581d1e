namespace SynthSae.Tests

open System
open System.IO

/// Files that the reference produced (Tests/oracles/README.md). `SYNTHSAE_ORACLES` names another set of
/// such files, so that the same tests run on those.
module Oracles =
    let private committed = Path.Combine(__SOURCE_DIRECTORY__, "..", "oracles")

    /// The folder in use.
    let folder =
        match Environment.GetEnvironmentVariable "SYNTHSAE_ORACLES" with
        | null
        | "" -> Path.GetFullPath committed
        | other -> Path.GetFullPath other

    /// Full path of an oracle file or folder; fails with a hint when it is missing.
    let path (name: string) =
        let full = Path.Combine(folder, name)

        if not (File.Exists full || Directory.Exists full) then
            failwith
                $"oracle {name} is not in {folder}; unset SYNTHSAE_ORACLES to use the committed set"

        full
