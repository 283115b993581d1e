module SynthSae.Tests.Activations.RowSplitTests

open FsCheck.FSharp
open SynthSae.Compute
open SynthSae.Tests
open Xunit

let private sizes =
    gen {
        let! rows = Gen.frequency [ 1, Gen.choose (1, 130); 2, Gen.choose (1, 5000) ]
        let! heldOut = Gen.choose (0, rows)
        return rows, heldOut
    }

let private expand (runs: RowRun list) =
    [ for run in runs do
          for i in 0 .. run.Count - 1 -> run.First + int64 i ]

let private all part (split: RowSplit) count : int64 list = part split 0L (int count) |> expand

[<Fact>]
let ``each row is trained on or held out, in the order of the list`` () =
    Property.forAll sizes (fun (rows, heldOut) ->
        let split = RowSplit.create (int64 rows) (int64 heldOut)
        let training = all RowSplit.training split split.Training
        let scored = all RowSplit.heldOut split split.HeldOut
        let both = List.sort (training @ scored)

        both = [ 0L .. int64 rows - 1L ]
        && training = List.sort training
        && scored = List.sort scored)

[<Fact>]
let ``any part is that part of the whole`` () =
    let parts =
        gen {
            let! rows, heldOut = sizes
            let! first = Gen.choose (0, heldOut)
            let! count = Gen.choose (0, heldOut - first)
            return rows, heldOut, first, count
        }

    Property.forAll parts (fun (rows, heldOut, first, count) ->
        let split = RowSplit.create (int64 rows) (int64 heldOut)
        let whole = all RowSplit.heldOut split split.HeldOut
        let mirrored = RowSplit.create (int64 rows) (int64 (rows - heldOut))
        let training = all RowSplit.training mirrored mirrored.Training
        let part read = read (int64 first) count |> expand

        part (RowSplit.heldOut split) = List.take count (List.skip first whole)
        && part (RowSplit.training mirrored) = List.take count (List.skip first training))

[<Fact>]
let ``fewer rows held out are a part of more`` () =
    Property.forAll (Gen.zip sizes (Gen.choose (0, 5000))) (fun ((rows, heldOut), fewer) ->
        let of' count =
            let split = RowSplit.create (int64 rows) (int64 count)
            set (all RowSplit.heldOut split split.HeldOut)

        Set.isSubset (of' (min fewer heldOut)) (of' heldOut))

[<Fact>]
let ``held-out rows are spread over the list in stretches`` () =
    let split = RowSplit.create 64000L 6400L
    let runs = RowSplit.heldOut split 0L 6400

    let expected = [ for stretch in 1L .. 64L -> { First = stretch * 1000L - 100L; Count = 100 } ]

    Assert.Equal<RowRun list>(expected, runs)
