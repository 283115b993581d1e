namespace SynthSae.Tests

open FsCheck.FSharp
open SynthSae.Bench

/// Random worlds for properties.
module RandomWorlds =
    /// Worlds of at most `maxFeatures` features.
    let generator maxFeatures =
        Gen.choose (0, System.Int32.MaxValue) |> Gen.map (HandMadeWorlds.random maxFeatures)
