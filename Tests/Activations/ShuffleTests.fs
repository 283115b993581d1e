module SynthSae.Tests.Activations.ShuffleTests

open FsCheck.FSharp
open SynthSae.Compute
open SynthSae.Tests
open Xunit

/// The rows of an epoch in their order, window by window.
let private rows (shuffle: Shuffle) epoch : int64[] =
    let order = Shuffle.epoch shuffle epoch

    [| for window in 0 .. shuffle.Windows - 1 do
           let struct (first, last) = Shuffle.turns shuffle window

           let loaded =
               [| for turn in first .. last - 1 do
                      let block = order.Block[turn]
                      let start = int64 block * int64 shuffle.BlockRows

                      for row in 0 .. Shuffle.blockRows shuffle block - 1 -> start + int64 row |]

           for i in Shuffle.windowOrder shuffle epoch window loaded.Length -> loaded[i] |]

let private shuffles =
    gen {
        let! rows = Gen.choose (1, 3000)
        let! buffer = Gen.frequency [ 1, Gen.choose (1, 10); 2, Gen.choose (1, 4000) ]
        let! seed = Gen.choose (-1000, 1000)
        return Shuffle.create (int64 rows) buffer (int64 seed)
    }

[<Fact>]
let ``each row comes once in an epoch`` () =
    Property.forAll (Gen.zip shuffles (Gen.choose (0, 5))) (fun (shuffle, epoch) ->
        Array.sort (rows shuffle (int64 epoch)) = [| 0L .. shuffle.Rows - 1L |])

[<Fact>]
let ``a window has at most the rows of the buffer`` () =
    let sizes = Gen.zip (Gen.choose (1, 100_000)) (Gen.choose (1, 5000))

    Property.forAll sizes (fun (rows, buffer) ->
        let shuffle = Shuffle.create (int64 rows) buffer 1L
        shuffle.WindowRows <= buffer && 2 * shuffle.WindowRows > min rows buffer)

[<Fact>]
let ``every position lies in the window that holds it`` () =
    Property.forAll shuffles (fun shuffle ->
        let order = Shuffle.epoch shuffle 3L

        let start window =
            let struct (first, _) = Shuffle.turns shuffle window
            Shuffle.rowsBefore shuffle order first

        let ends window =
            let struct (_, last) = Shuffle.turns shuffle window
            Shuffle.rowsBefore shuffle order last

        [ 0L .. shuffle.Rows - 1L ]
        |> List.forall (fun position ->
            let window = Shuffle.windowOf shuffle order position
            start window <= position && position < ends window))

[<Fact>]
let ``epochs and seeds have orders of their own, the same each time`` () =
    let orders =
        [ for seed in 0L .. 3L do
              for epoch in 0L .. 3L -> rows (Shuffle.create 2000L 500 seed) epoch ]

    Assert.Equal(16, (List.distinct orders).Length)
    let again = rows (Shuffle.create 2000L 500 3L) 3L
    Assert.Equal<int64>(List.last orders, again)

/// Over many epochs a row comes equally often in each tenth of them: χ² with 9 degrees of freedom, whose mean over many
/// independent rows is 9 ± √(18/rows).
let private meanChiSquare (rowsPerEpoch: int) buffer epochs watched =
    let counts = Array.init watched (fun _ -> Array.zeroCreate<int> 10)
    let shuffle = Shuffle.create (int64 rowsPerEpoch) buffer 7L

    for epoch in 0 .. epochs - 1 do
        rows shuffle (int64 epoch)
        |> Array.iteri (fun position row ->
            let step = rowsPerEpoch / watched

            if row % int64 step = 0L && int row / step < watched then
                let counts = counts[int row / step]
                let tenth = position * 10 / rowsPerEpoch
                counts[tenth] <- counts[tenth] + 1)

    let expected = float epochs / 10.0

    counts
    |> Array.averageBy (Array.sumBy (fun count -> (float count - expected) ** 2.0 / expected))

[<Theory>]
[<InlineData(512)>]
[<InlineData(5000)>]
let ``a row may come anywhere in an epoch`` (buffer: int) =
    let watched = 100
    let mean = meanChiSquare 1000 buffer 500 watched
    // Rows are not quite independent of each other; as if half of them were.
    Assert.InRange(mean, 9.0 - 5.0 * sqrt (18.0 / 50.0), 9.0 + 5.0 * sqrt (18.0 / 50.0))

[<Fact>]
let ``neighbours in the files are no neighbours in a window`` () =
    // Of the steps in an order of one window of n rows, 2/n on average are between neighbours.
    let order = rows (Shuffle.create 10_000L 10_000 5L) 0L
    let near = order |> Array.pairwise |> Array.filter (fun (a, b) -> abs (a - b) = 1L)
    Assert.InRange(near.Length, 0, 2 + 5 * 2)
