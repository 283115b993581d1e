module SynthSae.Tests.Activations.ShuffledRowsTests

open System
open FsCheck.FSharp
open SynthSae.Compute
open SynthSae.Compute.Files
open SynthSae.Tests
open Xunit

/// Rows that hold their own number, in files of several sizes.
let private numbered (folder: TemporaryFolder) (sizes: int list) : ActivationRows =
    (0, List.indexed sizes)
    ||> List.fold (fun first (i, size) ->
        let values =
            Matrix.init size 2 (fun row col -> if col = 0 then float32 (first + row) else 0.5f)

        Npy.write (folder.File $"{i:d3}.npy") values
        first + size)
    |> ignore

    ActivationRows.Open([ folder.Path ], None)

let private shuffled threads (rows: ActivationRows) heldOut buffer seed =
    let split = RowSplit.create rows.Rows heldOut
    new ShuffledRows(threads, rows, split, Shuffle.create split.Training buffer seed)

/// The numbers of the rows that are samples first … first+count−1.
let private numbers (batches: IBatches) (first: int64) count : int list =
    let x = Matrix(count, batches.Dim)
    batches.Fill(first, x)

    [ for row in 0 .. count - 1 do
          Assert.Equal(0.5f, x[row, 1])
          int x[row, 0] ]

/// Files of which a buffer holds blocks of one row, or of several with a last one that is shorter.
let private cases =
    gen {
        let! most = Gen.elements [ 60; 1500 ]
        let! sizes = Gen.nonEmptyListOf (Gen.choose (1, most)) |> Gen.resize 6
        let rows = List.sum sizes
        let! heldOut = Gen.choose (0, rows - 1)
        let! buffer = Gen.oneof [ Gen.choose (1, rows); Gen.choose (1, 2 * rows + 1) ]
        let! seed = Gen.choose (0, 100)
        return sizes, int64 heldOut, buffer, int64 seed
    }

[<Fact>]
let ``each row that is not held out comes once in every epoch`` () =
    Property.forAll cases (fun (sizes, heldOut, buffer, seed) ->
        use folder = new TemporaryFolder()
        use rows = numbered folder sizes
        use batches = shuffled 2 rows heldOut buffer seed
        let split = RowSplit.create rows.Rows heldOut
        let count = int split.Training

        let expected =
            RowSplit.training split 0L count
            |> List.collect (fun run -> [ for i in 0 .. run.Count - 1 -> int run.First + i ])

        [ 0L .. 3L ]
        |> List.forall (fun epoch ->
            List.sort (numbers batches (epoch * int64 count) count) = expected))

[<Fact>]
let ``any batch made alone is that of the stream, whatever the size of batches and the threads``
    ()
    =
    let jumps = Gen.nonEmptyListOf (Gen.zip (Gen.choose (0, 999)) (Gen.choose (1, 150)))

    Property.forAll (Gen.zip cases jumps) (fun ((sizes, heldOut, buffer, seed), jumps) ->
        use folder = new TemporaryFolder()
        use rows = numbered folder sizes
        use stream = shuffled 1 rows heldOut buffer seed
        use other = shuffled 3 rows heldOut buffer seed
        let epochs = 2L * (rows.Rows - heldOut)

        let all =
            [| for first in 0L .. 11L .. epochs + 150L do
                   yield! numbers stream first 11 |]

        jumps
        |> List.forall (fun (thousandth, count) ->
            let first = epochs * int64 thousandth / 1000L
            numbers other first count = List.ofArray all[int first .. int first + count - 1]))

[<Fact>]
let ``epochs and seeds have orders of their own`` () =
    use folder = new TemporaryFolder()
    use rows = numbered folder [ 30; 70 ]

    let epochs buffer seed =
        use batches = shuffled 1 rows 0L buffer seed
        [ for epoch in 0L .. 2L -> numbers batches (epoch * 100L) 100 ]

    for buffer in [ 20; 1000 ] do
        let orders = List.collect (epochs buffer) [ 0L; 1L ]
        Assert.Equal(6, (List.distinct orders).Length)

[<Fact>]
let ``held-out rows come in the order of the list`` () =
    use folder = new TemporaryFolder()
    use rows = numbered folder [ 500; 140 ]
    let heldOut = HeldOutRows(rows, RowSplit.create rows.Rows 128L)

    let expected =
        [ for stretch in 0..63 do
              yield! [ stretch * 10 + 8; stretch * 10 + 9 ] ]

    Assert.Equal<int list>(expected, numbers heldOut 0L 128)
    Assert.Equal<int list>(expected[5..24], numbers heldOut 5L 20)

[<Fact>]
let ``a fault in a row reaches whoever asks for it, and not before`` () =
    use folder = new TemporaryFolder()

    let bad = Matrix.init 64 2 (fun row _ -> if row = 40 then Single.NaN else 0.5f)

    Npy.write (folder.File "bad.npy") bad
    use rows = ActivationRows.Open([ folder.Path ], None)
    let shuffle = Shuffle.create 64L 8 3L
    use batches = new ShuffledRows(1, rows, RowSplit.create 64L 0L, shuffle)
    let order = Shuffle.epoch shuffle 0L
    let turn = Array.IndexOf(order.Block, 40)
    let window = turn / shuffle.WindowBlocks
    let good = window * shuffle.WindowRows
    let x = Matrix(1, 2)

    // One after the other, so that the faulty window has been read ahead.
    for sample in 0 .. good - 1 do
        (batches :> IBatches).Fill(int64 sample, x)

    let error = Assert.Throws<BadInput>(fun () -> (batches :> IBatches).Fill(int64 good, x))

    Assert.Contains("in row 40, column 0", error.problem)

    if good > 0 then
        (batches :> IBatches).Fill(0L, x)
