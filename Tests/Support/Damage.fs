namespace SynthSae.Tests

open FsCheck
open FsCheck.FSharp

/// Damaged copies of files.
module Damage =
    /// Some bytes changed, most of them near the beginning, where headers are; sometimes cut off.
    let of' (intact: byte[]) : Gen<byte[]> =
        let last = intact.Length - 1

        let place = Gen.frequency [ 2, Gen.choose (0, min 500 last); 1, Gen.choose (0, last) ]

        let flips = Gen.nonEmptyListOf (Gen.zip place (Gen.choose (0, 255)))
        let length = Gen.frequency [ 4, Gen.constant (last + 1); 1, Gen.choose (0, last) ]

        Gen.map2
            (fun flips length ->
                let bytes = Array.copy intact

                for place, value in flips do
                    bytes[place] <- byte value

                Array.truncate length bytes)
            flips
            length
