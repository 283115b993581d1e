module SynthSae.Tests.Ops.AssignTests

open System
open FsCheck.FSharp
open Xunit
open SynthSae.Compute
open SynthSae.Compute.Ops
open SynthSae.Tests

/// The heaviest assignment by trying all.
let rec private bruteForce (w: Matrix) row taken =
    if row = w.Rows then
        0.0
    else
        Seq.max (
            seq {
                for column in 0 .. w.Cols - 1 do
                    if not (Set.contains column taken) then
                        float w[row, column] + bruteForce w (row + 1) (Set.add column taken)
            }
        )

/// A matching of all rows whose prices prove that none is heavier.
let private isProved (w: Matrix) (assignment: Assignment) =
    let matched = Seq.sum (Seq.mapi (fun row column -> float w[row, column]) assignment.Column)

    Array.distinct assignment.Column = assignment.Column
    && abs (matched - assignment.Total) < 1e-9
    && abs (Assign.gap assignment) < 1e-9 * float (1 + w.Rows)
    && Assign.breach w assignment < 1e-9
    && Array.forall (fun price -> price >= 0.0) assignment.ColumnPrice

/// The lists have `count` entries, so that a small one is lengthened often.
let private solversAgree count (w: Matrix) =
    let weights = Assign.weightsOf count w
    let reference, lists = AssignReference.solve weights, AssignCpu.solve weights

    isProved w reference
    && isProved w lists
    && abs (reference.Total - lists.Total) < 1e-9 * float (1 + w.Rows)

let private holds claim = Assert.True claim

let private uniform = Gen.choose (0, 1 <<< 24) |> Gen.map (fun n -> float32 n / 16777216.0f)
let private tied = Gen.elements [ 0.0f; 0.0f; 0.25f; 0.5f; 1.0f ]

/// Matrices of R ≤ maxRows rows and at most `spare` more columns.
let private matrices maxRows spare =
    gen {
        let! rows = Gen.choose (1, maxRows)
        let! cols = Gen.choose (rows, rows + spare)
        let! element = Gen.elements [ uniform; tied ]
        let! elements = Gen.arrayOfLength (rows * cols) element
        let! count = Gen.choose (1, cols)
        return struct (count, Matrix.ofArray rows cols elements)
    }

[<Fact>]
let ``both solvers find what trying all assignments finds`` () =
    Property.forAll (matrices 5 2) (fun struct (count, w) ->
        let best = bruteForce w 0 Set.empty

        solversAgree count w
        && abs (best - (AssignCpu.solve (Assign.weightsOf count w)).Total) < 1e-9)

[<Fact>]
let ``the solver on lists agrees with the dense one and proves itself`` () =
    Property.forAll (matrices 40 20) (fun struct (count, w) -> solversAgree count w)

let private gaussian key rows cols =
    Matrix.init rows cols (fun row col ->
        float32 (Draw.normal key Stream.Inspection Purpose.FeatureVector (int64 row) col))

/// |cos| between the rows of two matrices.
let private cosines a b =
    MatchCosinesReference.weights a b [| 0 .. (a: Matrix).Rows - 1 |]

[<Theory>]
[<InlineData(200, 900, 32)>]
[<InlineData(300, 320, 12)>]
[<InlineData(300, 300, 4)>]
let ``random directions are assigned as the dense solver does`` rows cols dim =
    holds (solversAgree 8 (cosines (gaussian 1UL rows dim) (gaussian 2UL cols dim)))

[<Fact>]
let ``a noisy permutation is found again`` () =
    let features = gaussian 3UL 500 48
    let noise = gaussian 4UL 200 48

    let rows =
        Matrix.init 200 48 (fun row col ->
            -features[(7 * row + 3) % 500, col] + 0.1f * noise[row, col])

    let w = cosines rows features
    holds (solversAgree 4 w)
    let found = (AssignCpu.solve (Assign.weightsOf 4 w)).Column
    Assert.Equal<int[]>(Array.init 200 (fun row -> (7 * row + 3) % 500), found)

[<Fact>]
let ``copies, zero rows and rows in a plane are assigned as the dense solver does`` () =
    let features = gaussian 5UL 260 10
    let some = gaussian 6UL 120 10

    let rows =
        Matrix.init 120 10 (fun row col ->
            match row % 4 with
            | 0 -> some[0, col]
            | 1 -> 0.0f
            | 2 -> if col < 2 then some[row, col] else 0.0f
            | _ -> features[row / 8, col])

    holds (solversAgree 3 (cosines rows features))

[<Fact>]
let ``identical rows share the largest columns`` () =
    let row = Array.init 80 (fun column -> float32 ((column * 37) % 80) / 80.0f)
    let w = Matrix.init 50 80 (fun _ column -> row[column])
    let expected = row |> Array.sortDescending |> Array.take 50 |> Array.sumBy float
    holds (solversAgree 1 w)
    Assert.Equal(expected, (AssignCpu.solve (Assign.weightsOf 1 w)).Total, 1e-9)

[<Fact>]
let ``a constant matrix and a matrix of zeros are no trouble`` () =
    for value in [ 0.0f; 1.0f ] do
        holds (solversAgree 2 (Matrix.init 60 60 (fun _ _ -> value)))

[<Fact>]
let ``no rows need no columns`` () =
    for solve in [ AssignReference.solve; AssignCpu.solve ] do
        let assignment = solve (Assign.weightsOf 1 (Matrix.zeros 0 3))
        Assert.Empty assignment.Column
        Assert.Equal(0.0, assignment.Total)

[<Fact>]
let ``more rows than columns are refused`` () =
    for solve in [ AssignReference.solve; AssignCpu.solve ] do
        Assert.Throws<ArgumentException>(fun () ->
            solve (Assign.weightsOf 1 (Matrix.zeros 3 2)) |> ignore)
        |> ignore
