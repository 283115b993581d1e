namespace SynthSae.Spec.Coding

open System
open System.Globalization
open System.Text
open System.Text.Json
open SynthSae.Spec

/// A JSON value. Numbers keep the text they were written with, objects the order of their fields.
[<RequireQualifiedAccess>]
type internal Json =
    | Null
    | Bool of bool
    | Number of string
    | String of string
    | Array of Json array
    | Object of (string * Json) list

/// Text to JSON values and back, in the layout of Python's `json.dumps(indent=2)`.
module internal Json =
    // Each level of a hierarchy nests two deep.
    let private options = JsonDocumentOptions(MaxDepth = 512)

    let rec private ofElement (element: JsonElement) =
        match element.ValueKind with
        | JsonValueKind.Object ->
            Json.Object
                [ for field in element.EnumerateObject() -> field.Name, ofElement field.Value ]
        | JsonValueKind.Array ->
            Json.Array [| for item in element.EnumerateArray() -> ofElement item |]
        | JsonValueKind.String -> Json.String(element.GetString())
        | JsonValueKind.Number -> Json.Number(element.GetRawText())
        | JsonValueKind.True -> Json.Bool true
        | JsonValueKind.False -> Json.Bool false
        | _ -> Json.Null

    let private syntaxError (error: JsonException) =
        let problem = error.Message.Split(" LineNumber:")[0]
        let line = error.LineNumber.GetValueOrDefault() + 1L
        let column = error.BytePositionInLine.GetValueOrDefault() + 1L

        { Path = $"line {line}, column {column}"
          Rule = $"not JSON: {problem}"
          Value = "" }

    /// Parse a whole text.
    let parse (text: string) : Result<Json, SpecError list> =
        try
            use document = JsonDocument.Parse(text.TrimStart '\uFEFF', options)
            Ok(ofElement document.RootElement)
        with
        | :? JsonException as error -> Error [ syntaxError error ]
        | :? InvalidOperationException as error -> // half a surrogate pair in a string
            Error
                [ { Path = ""
                    Rule = $"not JSON: {error.Message}"
                    Value = "" } ]

    let private quote (text: string) =
        let escape character =
            match character with
            | '"' -> "\\\""
            | '\\' -> "\\\\"
            | '\n' -> "\\n"
            | '\r' -> "\\r"
            | '\t' -> "\\t"
            | '\b' -> "\\b"
            | '\f' -> "\\f"
            | c when c < ' ' || c > '~' -> $"\\u{int c:x4}"
            | c -> string c

        "\"" + String.collect escape text + "\""

    let rec private write (out: StringBuilder) (newLine: string) json =
        let deeper = if newLine = "" then "" else newLine + "  "

        let block (opening: char) (closing: char) (items: 'a seq) (writeItem: 'a -> unit) =
            out.Append opening |> ignore

            items
            |> Seq.iteri (fun i item ->
                out.Append(if i = 0 then deeper else (if deeper = "" then ", " else "," + deeper))
                |> ignore

                writeItem item)

            if not (Seq.isEmpty items) then
                out.Append newLine |> ignore

            out.Append closing |> ignore

        match json with
        | Json.Null -> out.Append "null" |> ignore
        | Json.Bool value -> out.Append(if value then "true" else "false") |> ignore
        | Json.Number text -> out.Append text |> ignore
        | Json.String text -> out.Append(quote text) |> ignore
        | Json.Array items -> block '[' ']' items (write out deeper)
        | Json.Object fields ->
            block '{' '}' fields (fun (name, value) ->
                out.Append(quote name).Append(": ") |> ignore
                write out deeper value)

    let private written newLine json =
        let out = StringBuilder()
        write out newLine json
        out.ToString()

    /// One value a line, two spaces a level.
    let toText json = written "\n" json

    /// On one line.
    let toLine json = written "" json

    /// On one line, cut where it is long: for messages.
    let toShortText json =
        let text = toLine json

        if text.Length <= 60 then text else text.Substring(0, 57) + "..."

    // The shortest digits that read back as the same number, marked as a float as Python does.
    let private marked (text: string) =
        if text |> Seq.exists Char.IsLetter || text.Contains '.' then
            Json.Number(text.Replace('E', 'e'))
        else
            Json.Number(text + ".0")

    let ofFloat (value: float) =
        let text = value.ToString("R", CultureInfo.InvariantCulture)
        let size = abs value

        // Python has an exponent from 1e16 on, .NET from 1e15 or 1e17 on, as the digits are few or many.
        if size >= 1e15 && size < 1e17 then
            let digits = Decimal.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture)
            let layout = if size < 1e16 then "0.0##" else "0.################e+00"
            marked (digits.ToString(layout, CultureInfo.InvariantCulture))
        else
            marked text

    let ofFloat32 (value: float32) =
        marked (value.ToString("R", CultureInfo.InvariantCulture))

    let ofInt64 (value: int64) =
        Json.Number(value.ToString CultureInfo.InvariantCulture)

    let private index (name: string) (items: Json array) =
        match Int32.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture) with
        | true, i when i < items.Length -> Some i
        | _ -> None

    /// Whether a path asks for an entry that a list does not have.
    let rec isBeyond path json =
        match path, json with
        | name :: rest, Json.Array items ->
            match index name items with
            | Some i -> isBeyond rest items[i]
            | None -> true
        | name :: rest, Json.Object fields ->
            fields |> List.exists (fun (key, value) -> key = name && isBeyond rest value)
        | _ -> false

    // Change what an object or a list holds under a name, if it does.
    let private change (name: string) (update: Json -> Json) json =
        match json with
        | Json.Object fields ->
            fields
            |> List.map (fun (key, old) -> key, (if key = name then update old else old))
            |> Json.Object
        | Json.Array items ->
            match index name items with
            | Some i -> Json.Array(Array.updateAt i (update items[i]) items)
            | None -> json
        | _ -> json

    /// Put a value at a path of field names and 0-based numbers of entries, which the lists must have; objects on
    /// the way are made where there are none.
    let rec set path value json =
        match path, json with
        | [], _ -> value
        | name :: rest, Json.Object fields when not (List.exists (fst >> (=) name) fields) ->
            Json.Object(fields @ [ name, set rest value Json.Null ])
        | name :: rest, (Json.Object _ | Json.Array _) -> change name (set rest value) json
        | _ -> set path value (Json.Object [])

    /// Take the field at a path away, if it is there.
    let rec remove path json =
        match path, json with
        | [ name ], Json.Object fields -> Json.Object(fields |> List.filter (fst >> (<>) name))
        | name :: rest, _ -> change name (remove rest) json
        | [], _ -> json
