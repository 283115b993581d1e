module SynthSae.Tests.NormalTests

open System
open FsCheck.FSharp
open SynthSae.Compute
open Xunit

/// Φ⁻¹((word + ½) / 2³²) in double.
let private exact (word: uint32) =
    MathNet.Numerics.Distributions.Normal.InvCDF(0.0, 1.0, (float word + 0.5) / 4294967296.0)

/// Words about which the formula changes: the ends, the middle, and |q| = 0.425.
let private edges =
    let around (centre: float) =
        [ for offset in -300L .. 300L -> int64 (centre * 4294967296.0) + offset ]

    [ 0.0; 0.075; 0.25; 0.5; 0.75; 0.925; 1.0 ]
    |> List.collect around
    |> List.filter (fun word -> word >= 0L && word <= int64 UInt32.MaxValue)
    |> List.map uint32

let private evenlySpaced = [ for i in 0u .. 99_999u -> i * 42_949u + 17u ]

[<Fact>]
let ``the inverse normal distribution function is right to a few float32 roundings`` () =
    for word in edges @ evenlySpaced do
        let expected = exact word
        // Near the middle the word itself is finer than a float32 of q: the error is absolute there.
        let bound = 8e-7 * abs expected + 1e-9
        let error = abs (float (Normal.ofWord word) - expected)
        Assert.True(error <= bound, $"word {word}: {Normal.ofWord word} for {expected}")

[<Fact>]
let ``the normal number of a word's complement is its negative`` () =
    // A word and its complement may round to float32 on different sides.
    let symmetric word =
        let z = Normal.ofWord word
        abs (z + Normal.ofWord ~~~word) <= 4e-7f * abs z

    Assert.All(edges, (fun word -> Assert.True(symmetric word, string word)))
    Property.check symmetric

[<Fact>]
let ``normal numbers increase with the word`` () =
    let sorted = edges @ evenlySpaced |> List.sort |> List.map Normal.ofWord

    for lower, higher in List.pairwise sorted do
        // Neighbouring words may share a float32, and rounding may turn around neighbours of one.
        Assert.True(float lower <= float higher + 1e-6 * abs (float higher), $"{lower} > {higher}")

[<Fact>]
let ``normal numbers stay within ±6.34`` () =
    Assert.InRange(Normal.ofWord 0u, -6.34f, -6.3f)
    Assert.InRange(Normal.ofWord UInt32.MaxValue, 6.3f, 6.34f)

[<Fact>]
let ``the logarithm is right to about one ulp`` () =
    let check (x: float32) =
        let expected = Math.Log(float x)
        let ulp = float (MathF.BitIncrement(abs (float32 expected)) - abs (float32 expected))
        abs (float (Normal.log x) - expected) <= 1.5 * ulp + 1e-12

    let positive = Gen.choose (0x00800000, 0x7F7FFFFF) |> Gen.map BitConverter.Int32BitsToSingle

    Property.forAll positive check

    Assert.All(
        [ 1.0f; 0.5f; 2.0f; 0.70710677f; 0.7071068f; 1.4142135f ],
        (fun x -> Assert.True(check x))
    )

    Assert.Equal(0.0f, Normal.log 1.0f)
