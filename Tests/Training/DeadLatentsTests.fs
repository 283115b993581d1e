module SynthSae.Tests.Training.DeadLatentsTests

open FsCheck.FSharp
open SynthSae.Compute
open SynthSae.Compute.Training
open SynthSae.Spec
open SynthSae.Tests
open Xunit

/// Codes of a batch in which each row's given latents are active.
let private fire latents (rows: int list list) =
    Matrix.init rows.Length latents (fun b j -> if List.contains j rows[b] then 1.5f else 0.0f)
    |> Codes.ofDense

[<Fact>]
let ``a latent is dead once it has not fired for more steps than the window`` () =
    let dead = DeadLatents(2<step>, 3)
    Assert.Equal(0, dead.Count)
    dead.Update(fire 3 [ [ 0 ]; [ 0 ] ])
    dead.Update(fire 3 [ [ 0 ]; [] ])
    Assert.Equal<int[]>([| 0; 2; 2 |], dead.StepsSinceFired)
    Assert.Equal(0, dead.Count)
    dead.Update(fire 3 [ [ 1 ]; [] ])
    Assert.Equal<int[]>([| 1; 0; 3 |], dead.StepsSinceFired)
    Assert.Equal<bool[]>([| false; false; true |], dead.Mask())
    Assert.Equal(1, dead.Count)

[<Fact>]
let ``a dead latent lives again when it fires`` () =
    let dead = DeadLatents(1<step>, [| 7; 0 |])
    Assert.Equal(1, dead.Count)
    Assert.True(dead.IsDead 0)
    dead.Update(fire 2 [ []; [ 0 ] ])
    Assert.Equal<bool[]>([| false; false |], dead.Mask())
    Assert.Equal(0, dead.Count)

[<Fact>]
let ``with the default window nothing is dead before step 1001`` () =
    let dead = DeadLatents(1000<step>, 1)
    let nothing = fire 1 [ [] ]

    for _ in 1..1000 do
        dead.Update nothing

    Assert.Equal(0, dead.Count)
    dead.Update nothing
    Assert.Equal(1, dead.Count)

[<Fact>]
let ``counters are those of a history kept in full`` () =
    let history = Gen.listOf (Gen.listOfLength 3 (Gen.listOf (Gen.choose (0, 4))))

    Property.forAll history (fun batches ->
        let dead = DeadLatents(3<step>, 5)

        for rows in batches do
            dead.Update(fire 5 rows)

        let since j =
            batches
            |> List.rev
            |> List.tryFindIndex (List.exists (List.contains j))
            |> Option.defaultValue batches.Length

        let expected = Array.init 5 since

        dead.StepsSinceFired = expected
        && dead.Mask() = Array.map (fun steps -> steps > 3) expected
        && dead.Count = (dead.Mask() |> Array.filter id |> Array.length))
