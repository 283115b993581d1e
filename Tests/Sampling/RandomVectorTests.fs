module SynthSae.Tests.RandomVectorTests

open System
open System.Runtime.Intrinsics
open SynthSae.Compute
open SynthSae.Compute.Ops
open Xunit

/// Words at and around every power of two and its complement, and many in between.
let private words =
    let edges =
        [| for exponent in 0..31 do
               for half in 0u .. 3u do
                   for offset in -200 .. 200 do
                       let word =
                           (1u <<< exponent) + (half <<< max 0 (exponent - 2)) + uint32 offset

                       word
                       ~~~word |]

    let random = Random 1
    Array.append edges (Array.init (1 <<< 20) (fun _ -> uint32 (random.NextInt64(1L <<< 32))))

[<Fact>]
let ``sixteen normal numbers at once have the bits of one at a time`` () =
    for start in 0..16 .. words.Length - 16 do
        let normals = NormalVector.ofWords (Vector512.Create(words, start))

        for lane in 0..15 do
            let expected = Normal.ofWord words[start + lane]

            if
                BitConverter.SingleToInt32Bits expected
                <> BitConverter.SingleToInt32Bits normals[lane]
            then
                failwith
                    $"word {words[start + lane]}: {expected} one at a time, {normals[lane]} at once"

[<Fact>]
let ``no normal number exceeds the bound of its bucket`` () =
    for word in words do
        let bound = NormalBound.table[NormalBound.bucket ~~~word]
        let normal = Normal.ofWord word

        if normal > bound then
            failwith $"word {word}: {normal} above the bound {bound}"

[<Fact>]
let ``the bound is tight enough to be of use`` () =
    // Within the buckets, complements differ by a factor of 1.5 at most: 0.5 in the noise in the
    // upper half of the distribution, where the features are rare that the bound shall rule out.
    for word in words do
        if word >= 0x8000_0000u && ~~~word >= 2u * NormalBound.Floor then
            let slack = NormalBound.table[NormalBound.bucket ~~~word] - Normal.ofWord word

            if slack > 0.7f then
                failwith $"word {word}: the bound is {slack} too high"

[<Fact>]
let ``eight Philox blocks at once are the blocks one at a time`` () =
    let random = Random 2

    for _ in 1..1000 do
        let next () = uint64 (random.NextInt64()) * 3UL
        let key = next ()
        let purpose = uint32 (next ())
        let block = Array.init 8 (fun _ -> next () >>> 32)
        let row = Array.init 8 (fun _ -> next ())

        let struct (words01, words23) =
            PhiloxVector.blocks key (Vector512.Create(block, 0)) purpose (Vector512.Create(row, 0))

        for lane in 0..7 do
            let counter: Words =
                { W0 = uint32 block[lane]
                  W1 = purpose
                  W2 = uint32 row[lane]
                  W3 = uint32 (row[lane] >>> 32) }

            let expected = Philox.block key counter
            Assert.Equal(uint64 expected.W0 ||| (uint64 expected.W1 <<< 32), words01[lane])
            Assert.Equal(uint64 expected.W2 ||| (uint64 expected.W3 <<< 32), words23[lane])

[<Fact>]
let ``the portable product is the machine's`` () =
    let random = Random 3

    for _ in 1..1000 do
        let any _ = uint64 (random.NextInt64()) * 5UL
        let a = Vector512.Create(Array.init 8 any, 0)
        let b = Vector512.Create(uint64 Philox.Multiplier0)
        Assert.Equal(PhiloxVector.multiplyPortable a b, PhiloxVector.multiply a b)
