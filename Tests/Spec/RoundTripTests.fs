module SynthSae.Tests.Spec.RoundTripTests

open System.Text.Json.Nodes
open Xunit
open SynthSae.Spec
open SynthSae.Tests

let private isValid result =
    match result with
    | Ok(_: Valid<'T>) -> true
    | Error errors -> failwith (errors |> List.map string |> String.concat "\n")

[<Fact>]
let ``any valid synthetic model is found valid and survives its JSON bit for bit`` () =
    Property.forAll SpecGenerators.model (fun model ->
        isValid (SyntheticModelSpec.validate model)
        && SyntheticModelSpec.ofJson (SyntheticModelSpec.toJson model) = Ok model)

[<Fact>]
let ``any valid SAE is found valid and survives its JSON bit for bit`` () =
    Property.forAll SpecGenerators.sae (fun sae ->
        isValid (SaeSpec.validate sae) && SaeSpec.ofJson (SaeSpec.toJson sae) = Ok sae)

[<Fact>]
let ``any valid run is found valid and survives its JSON bit for bit`` () =
    Property.forAll SpecGenerators.run (fun run ->
        isValid (RunSpec.validate run) && RunSpec.ofJson (RunSpec.toJson run) = Ok run)

[<Fact>]
let ``setting nothing changes nothing`` () =
    Property.forAll SpecGenerators.run (fun run -> RunSpec.set [] run = Ok run)

/// Every object in a JSON tree, with its path.
let rec private objects (path: string) (node: JsonNode) =
    seq {
        match node with
        | :? JsonObject as fields ->
            yield path, fields

            for field in Seq.toArray fields do
                yield! objects (if path = "" then field.Key else $"{path}.{field.Key}") field.Value
        | :? JsonArray as items ->
            for i in 0 .. items.Count - 1 do
                yield! objects $"{path}[{i}]" items[i]
        | _ -> ()
    }

[<Fact>]
let ``a stranger in any object of a run is the one error, under its path`` () =
    Property.forAll SpecGenerators.run (fun run ->
        let tree = JsonNode.Parse(RunSpec.toJson run)

        objects "" tree
        |> Seq.toArray
        |> Array.forall (fun (path, fields) ->
            fields.Add("stranger", JsonValue.Create 1)
            let result = RunSpec.ofJson (tree.ToJsonString())
            fields.Remove "stranger" |> ignore

            match result with
            | Error [ error ] ->
                error.Path = (if path = "" then "stranger" else path + ".stranger")
            | _ -> false))
