module SynthSae.Tests.SampleCodesTests

open System
open SynthSae.Bench
open SynthSae.Compute
open SynthSae.Compute.Ops
open Xunit

let private stream = Stream.Training

let private sample draw (world: World) first rows =
    let codes = Codes world.NumFeatures
    draw stream first rows codes
    codes

let private eager (world: World) first rows =
    sample (SampleCodesReference.run world) world first rows

let private lazily sampler threads (world: World) first rows =
    sample (SampleCodesCpu.codes threads (sampler world)) world first rows

/// Rows as (feature, bits of the value), so that equality is equality of bits.
let private bits (codes: Codes) =
    Array.init codes.Rows (fun row ->
        Array.map2
            (fun (feature: int) (value: float32) ->
                struct (feature, BitConverter.SingleToInt32Bits value))
            (codes.RowIndex(row).ToArray())
            (codes.RowValue(row).ToArray()))

let private same (expected: Codes) (actual: Codes) = bits expected = bits actual

/// Sample numbers that use both words of the counter.
let private firstOf (world: World) = int64 world.Seed &&& 0x3_FFFF_FFFFL

[<Fact>]
let ``lazy codes are the eager codes, in any forest and on every path`` () =
    Property.forAll (RandomWorlds.generator 70) (fun world ->
        let first = firstOf world
        let expected = eager world first 40

        SampleCodesCpu.paths
        |> List.forall (fun path ->
            same expected (lazily (SampleCodesCpu.createOn path) 2 world first 40)))

[<Fact>]
let ``codes do not depend on the number of threads`` () =
    Property.forAll (RandomWorlds.generator 40) (fun world ->
        let one = lazily SampleCodesCpu.create 1 world 5L 200

        [ 2..5 ]
        |> List.forall (fun threads ->
            same one (lazily SampleCodesCpu.create threads world 5L 200)))

[<Fact>]
let ``codes do not depend on how samples are split over calls`` () =
    Property.forAll (RandomWorlds.generator 40) (fun world ->
        let whole = bits (lazily SampleCodesCpu.create 1 world 100L 75)
        let sampler = SampleCodesCpu.create world

        let part first rows =
            bits (lazily (fun _ -> sampler) 3 world (100L + int64 first) rows)

        let parts = [| 0, 1; 1, 31; 32, 0; 32, 33; 65, 10 |]
        whole = Array.concat [ for first, rows in parts -> part first rows ])

[<Fact>]
let ``rows with thousands of active features come out whole and in order`` () =
    for seed in 1..3 do
        let world = HandMadeWorlds.random 6000 seed

        let world =
            { world with
                Threshold = world.Threshold |> Array.map (fun threshold -> min threshold -1.0f) }

        let eager = eager world 7L 37
        Assert.True(eager.Count > 37 * 256, $"seed {seed}: only {eager.Count} entries")

        for path in SampleCodesCpu.paths do
            Assert.True(same eager (lazily (SampleCodesCpu.createOn path) 2 world 7L 37))

[<Fact>]
let ``the streams are different samples`` () =
    let world = HandMadeWorlds.plain 64 4

    let on stream =
        let codes = Codes 64
        SampleCodesCpu.codes 1 (SampleCodesCpu.create world) stream 0L 10 codes
        bits codes

    let streams = [ Stream.Training; Stream.Evaluation; Stream.Inspection ] |> List.map on
    Assert.Equal(3, streams |> List.distinct |> List.length)

[<Fact>]
let ``codes of the wrong width are refused`` () =
    let sampler = SampleCodesCpu.create (HandMadeWorlds.plain 8 2)

    Assert.Throws<ArgumentException>(fun () -> SampleCodesCpu.codes 1 sampler stream 0L 1 (Codes 9))
    |> ignore
