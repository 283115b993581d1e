namespace SynthSae.Compute

open System.Runtime.CompilerServices

/// Four 32-bit words: a Philox counter, or the block of random words made from it.
[<Struct>]
type Words =
    { W0: uint32
      W1: uint32
      W2: uint32
      W3: uint32 }

    /// Word 0 … 3.
    member words.Item
        with get (i: int) =
            match i &&& 3 with
            | 0 -> words.W0
            | 1 -> words.W1
            | 2 -> words.W2
            | _ -> words.W3

/// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC11):
/// a bijection of 128-bit counters under a 64-bit key, whose outputs are random words. There is no
/// state: a draw is a pure function of its key and counter, equal to the bit on every backend.
module Philox =
    [<Literal>]
    let Multiplier0 = 0xD2511F53u

    [<Literal>]
    let Multiplier1 = 0xCD9E8D57u

    [<Literal>]
    let Weyl0 = 0x9E3779B9u

    [<Literal>]
    let Weyl1 = 0xBB67AE85u

    [<Literal>]
    let Rounds = 10

    /// The block of `counter` under `key` (low word, high word).
    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    let block (key: uint64) (counter: Words) : Words =
        let mutable k0 = uint32 key
        let mutable k1 = uint32 (key >>> 32)
        let mutable c0 = counter.W0
        let mutable c1 = counter.W1
        let mutable c2 = counter.W2
        let mutable c3 = counter.W3

        for _ in 1..Rounds do
            let product0 = uint64 Multiplier0 * uint64 c0
            let product1 = uint64 Multiplier1 * uint64 c2
            c0 <- uint32 (product1 >>> 32) ^^^ c1 ^^^ k0
            c1 <- uint32 product1
            c2 <- uint32 (product0 >>> 32) ^^^ c3 ^^^ k1
            c3 <- uint32 product0
            k0 <- k0 + Weyl0
            k1 <- k1 + Weyl1

        { W0 = c0; W1 = c1; W2 = c2; W3 = c3 }
