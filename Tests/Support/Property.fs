namespace SynthSae.Tests

open FsCheck
open FsCheck.FSharp

/// FsCheck properties inside xunit facts.
module Property =
    let private config = Config.QuickThrowOnFailure

    /// Check a property on a hundred random inputs; a failure throws with the shrunk input and the replay seed.
    let check (property: 'T -> bool) = Check.One(config, property)

    /// The same on inputs from a generator.
    let forAll (generator: Gen<'T>) (property: 'T -> bool) =
        Check.One(config, Prop.forAll (Arb.fromGen generator) property)
