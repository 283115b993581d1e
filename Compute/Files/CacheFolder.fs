namespace SynthSae.Compute.Files

open System
open System.IO

/// Where compiled worlds and kernels are kept: they can be made again.
module CacheFolder =
    /// `$XDG_CACHE_HOME/synthsae/worlds`, else `~/.cache/synthsae/worlds`.
    let standard () =
        let cache =
            match Environment.GetEnvironmentVariable "XDG_CACHE_HOME" with
            | path when Path.IsPathFullyQualified(string path) -> path
            | _ ->
                match Environment.GetFolderPath Environment.SpecialFolder.UserProfile with
                | "" -> Path.GetTempPath()
                | home -> Path.Combine(home, ".cache")

        Path.Combine(cache, "synthsae", "worlds")
