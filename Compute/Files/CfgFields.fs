namespace SynthSae.Compute.Files

open System
open System.Text.Json
open System.Text.Json.Nodes
open SynthSae.Compute

/// The fields of a `cfg.json`, the last of each name as in the reference.
type internal CfgFields = { File: string; Values: Map<string, JsonElement> }

/// Reading fields: a value of another kind is an error that names the field.
module internal CfgFields =
    let fail (fields: CfgFields) (problem: string) = raise (BadInput(fields.File, problem))

    /// A kind of value, and what an error calls it.
    type Kind<'T> = { Read: JsonElement -> 'T option; Name: string }

    let text =
        { Read =
            fun value ->
                if value.ValueKind = JsonValueKind.String then Some(value.GetString()) else None
          Name = "text" }

    let flag =
        { Read =
            fun value ->
                match value.ValueKind with
                | JsonValueKind.True -> Some true
                | JsonValueKind.False -> Some false
                | _ -> None
          Name = "true or false" }

    let number =
        { Read =
            fun value ->
                if value.ValueKind = JsonValueKind.Number then
                    Some(value.GetDouble()) |> Option.filter Double.IsFinite
                else
                    None
          Name = "a number" }

    let positive =
        { Read = number.Read >> Option.filter (fun value -> value > 0.0)
          Name = "a number above 0" }

    let notNegative =
        { Read = number.Read >> Option.filter (fun value -> value >= 0.0)
          Name = "a number from 0" }

    let size =
        { Read =
            number.Read
            >> Option.filter (fun n -> n >= 1.0 && n <= 1e9 && n = floor n)
            >> Option.map int
          Name = "an integer from 1" }

    let table =
        { Read =
            fun value ->
                if value.ValueKind = JsonValueKind.Object then
                    Some(Map.ofSeq (value.EnumerateObject() |> Seq.map (fun f -> f.Name, f.Value)))
                else
                    None
          Name = "an object" }

    let private read fields kind name (value: JsonElement) =
        match kind.Read value with
        | Some value -> value
        | None -> fail fields $"{name}: must be {kind.Name} (got {value.GetRawText()})"

    /// A field that may be left out.
    let tryFind kind name (fields: CfgFields) =
        Map.tryFind name fields.Values |> Option.map (read fields kind name)

    /// A field that may be left out or null.
    let tryValue kind name (fields: CfgFields) =
        Map.tryFind name fields.Values
        |> Option.filter (fun value -> value.ValueKind <> JsonValueKind.Null)
        |> Option.map (read fields kind name)

    let find kind name fields =
        match tryFind kind name fields with
        | Some value -> value
        | None -> fail fields $"{name}: is missing"

    /// The fields of a JSON object. Raises `BadInput` for any other text.
    let ofText (file: string) (content: string) : CfgFields =
        use document =
            try
                JsonDocument.Parse content
            with :? JsonException as error ->
                raise (BadInput(file, $"is not JSON: {error.Message}"))

        match table.Read(document.RootElement.Clone()) with
        | Some values -> { File = file; Values = values }
        | None -> raise (BadInput(file, "is not a JSON object"))

    /// Fields as a JSON object that can be changed.
    let toObject (values: Map<string, JsonElement>) : JsonObject =
        let result = JsonObject()

        for KeyValue(name, value) in values do
            result[name] <- JsonNode.Parse(value.GetRawText())

        result
