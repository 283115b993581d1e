module SynthSae.Tests.PhiloxTests

open System
open SynthSae.Compute
open Xunit

let private words w0 w1 w2 w3 : Words = { W0 = w0; W1 = w1; W2 = w2; W3 = w3 }

[<Fact>]
let ``a zero counter under a zero key gives the published block`` () =
    let expected = words 0x6627e8d5u 0xe169c58du 0xbc57ac4cu 0x9b00dbd8u
    Assert.Equal(expected, Philox.block 0UL (words 0u 0u 0u 0u))

[<Fact>]
let ``all bits set give the published block`` () =
    let ones = UInt32.MaxValue
    let expected = words 0x408f276du 0x41c83b0eu 0xa20bc7c6u 0x6d5451fdu
    Assert.Equal(expected, Philox.block UInt64.MaxValue (words ones ones ones ones))

[<Fact>]
let ``the digits of pi give the published block`` () =
    let counter = words 0x243f6a88u 0x85a308d3u 0x13198a2eu 0x03707344u
    let expected = words 0xd16cfe09u 0x94fdccebu 0x5001e420u 0x24126ea1u
    Assert.Equal(expected, Philox.block 0x299f31d0a4093822UL counter)

[<Fact>]
let ``a row of draws has the same numbers one at a time`` () =
    for length in [ 0; 1; 3; 4; 5; 18 ] do
        let row = Array.zeroCreate length
        Draw.normals 7UL Stream.Training Purpose.FeatureVector 123456789012L (row.AsSpan())

        let single =
            Array.init length (Draw.normal 7UL Stream.Training Purpose.FeatureVector 123456789012L)

        Assert.Equal<float32[]>(single, row)

[<Fact>]
let ``a draw changes with the seed, the stream, the purpose, the row and the index`` () =
    let draws =
        [ Draw.word 1UL Stream.Training Purpose.Firing 5L 6
          Draw.word 2UL Stream.Training Purpose.Firing 5L 6
          Draw.word 1UL Stream.Evaluation Purpose.Firing 5L 6
          Draw.word 1UL Stream.Training Purpose.Magnitude 5L 6
          Draw.word 1UL Stream.Training Purpose.Firing 4L 6
          Draw.word 1UL Stream.Training Purpose.Firing (5L + (1L <<< 32)) 6
          Draw.word 1UL Stream.Training Purpose.Firing 5L 7
          Draw.word 1UL Stream.Training Purpose.Firing 5L 10 ]

    Assert.Equal(draws.Length, (List.distinct draws).Length)

[<Fact>]
let ``normal draws have the moments of a normal distribution`` () =
    let n = 400_000
    let draws = Array.zeroCreate n
    Draw.normals 99UL Stream.Inspection Purpose.Factor 0L (draws.AsSpan())

    let moment k =
        draws |> Array.averageBy (fun z -> Math.Pow(float z, k))
    // Variances of the estimates of E z, E z², E z⁴: 1/n, 2/n, 96/n.
    let bound variance = 5.0 * Math.Sqrt(variance / float n)
    Assert.InRange(moment 1.0, -bound 1.0, bound 1.0)
    Assert.InRange(moment 2.0 - 1.0, -bound 2.0, bound 2.0)
    Assert.InRange(moment 4.0 - 3.0, -bound 96.0, bound 96.0)
