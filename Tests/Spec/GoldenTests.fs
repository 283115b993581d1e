module SynthSae.Tests.Spec.GoldenTests

open System.IO
open Xunit
open SynthSae.Spec

let private folder =
    Path.GetFullPath(Path.Combine(__SOURCE_DIRECTORY__, "..", "golden", "spec"))

/// The first line that differs, as golden and as actual.
let private difference (golden: string) (actual: string) =
    let lines (text: string) =
        Array.append (text.Split '\n') [| "(end)" |]

    Seq.zip (lines golden) (lines actual)
    |> Seq.indexed
    |> Seq.tryFind (fun (_, (expected, got)) -> expected <> got)
    |> Option.map (fun (i, (expected, got)) ->
        $"line {i + 1}\n  golden: {expected}\n  actual: {got}")

/// What is wrong with one example: its text must be the golden file's, and that must read as the example.
let private problem write read (name, value) =
    let path = Path.Combine(folder, name + ".json")
    let golden = if File.Exists path then File.ReadAllText path else ""
    let actual: string = write value

    match difference golden actual with
    | Some difference ->
        let beside = Path.ChangeExtension(path, ".actual.json")
        File.WriteAllText(beside, actual)
        Some $"{name} differs at {difference}\n  the text is in {beside}"
    | None when read golden <> Ok value -> Some $"{name}: the golden file reads as something else"
    | None -> None

let private check write read examples =
    let problems = examples |> List.choose (problem write read)
    Assert.True(List.isEmpty problems, String.concat "\n" problems)

[<Fact>]
let ``every kind of synthetic model is written as its golden file, and read back`` () =
    check SyntheticModelSpec.toJson SyntheticModelSpec.ofJson SpecExamples.models

[<Fact>]
let ``every kind of SAE is written as its golden file, and read back`` () =
    check SaeSpec.toJson SaeSpec.ofJson SpecExamples.saes

[<Fact>]
let ``every kind of run, and every preset, is written as its golden file, and read back`` () =
    check RunSpec.toJson RunSpec.ofJson SpecExamples.runs

[<Fact>]
let ``every kind of sweep is written as its golden file, and read back`` () =
    check SweepSpec.toJson SweepSpec.ofJson SpecExamples.sweeps

[<Fact>]
let ``every golden file belongs to an example`` () =
    let names =
        List.map fst SpecExamples.models
        @ List.map fst SpecExamples.saes
        @ List.map fst SpecExamples.runs
        @ List.map fst SpecExamples.sweeps

    let files =
        Directory.GetFiles(folder, "*.json")
        |> Array.map Path.GetFileNameWithoutExtension
        |> Array.filter (fun name -> not (name.EndsWith ".actual"))

    Assert.Equal<string list>(List.sort names, files |> List.ofArray |> List.sort)
