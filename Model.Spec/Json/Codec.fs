namespace SynthSae.Spec.Coding

open System
open System.Globalization
open SynthSae.Spec

/// Reads a JSON value into a `'T`, with every error, and writes a `'T` as JSON.
type internal Codec<'T> =
    { Read: Json -> Result<'T, SpecError list>
      Write: 'T -> Json }

/// Results that keep the errors of both sides.
module internal Errors =
    let ofResult result =
        match result with
        | Ok _ -> []
        | Error errors -> errors

    let both a b =
        match a, b with
        | Ok x, Ok y -> Ok(x, y)
        | _ -> Error(ofResult a @ ofResult b)

    /// All values, or all errors, each at its index.
    let all (results: Result<'T, SpecError list> array) =
        let errors =
            results |> Seq.mapi (fun i result -> Rules.at $"[{i}]" (ofResult result)) |> List.concat

        if List.isEmpty errors then
            results |> Array.choose Result.toOption |> Ok
        else
            Error errors

/// Codecs of single values and lists.
module internal Codec =
    let fail rule json =
        Error [ { Path = ""; Rule = rule; Value = Json.toShortText json } ]

    let private create read write : Codec<'T> = { Read = read; Write = write }

    let bool =
        create
            (function
            | Json.Bool value -> Ok value
            | other -> fail "must be true or false" other)
            Json.Bool

    let string =
        create
            (function
            | Json.String text -> Ok text
            | other -> fail "must be a string" other)
            Json.String

    let private parseFloat (text: string) =
        Double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture)

    let number =
        create
            (function
            | Json.Number text -> Ok(parseFloat text)
            | other -> fail "must be a number" other)
            Json.ofFloat

    let float32 =
        create
            (function
            | Json.Number text ->
                Ok(Single.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture))
            | other -> fail "must be a number" other)
            Json.ofFloat32

    // 2e8 and 5.0 are integers too, as far as a double holds integers exactly.
    let private parseInt (text: string) =
        match Int64.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) with
        | true, value -> Some value
        | _ ->
            let value = parseFloat text
            let exact = Double.IsInteger value && abs value <= 9007199254740992.0
            if exact then Some(int64 value) else None

    let int64 =
        let read json =
            match json with
            | Json.Number text -> parseInt text
            | _ -> None
            |> Option.map Ok
            |> Option.defaultWith (fun () -> fail "must be an integer" json)

        create read Json.ofInt64

    /// A codec of `'T` through a codec of `'U`.
    let map (ofU: 'U -> 'T) (toU: 'T -> 'U) (codec: Codec<'U>) : Codec<'T> =
        create (codec.Read >> Result.map ofU) (toU >> codec.Write)

    let int =
        let read json =
            match int64.Read json with
            | Ok value when value >= Int32.MinValue && value <= Int32.MaxValue -> Ok(int32 value)
            | Ok _ -> fail "must fit into 32 bits" json
            | Error errors -> Error errors

        create read (Operators.int64 >> int64.Write)

    let nullable (codec: Codec<'T>) : Codec<'T option> =
        create
            (function
            | Json.Null -> Ok None
            | json -> codec.Read json |> Result.map Some)
            (Option.map codec.Write >> Option.defaultValue Json.Null)

    let array (codec: Codec<'T>) : Codec<'T array> =
        create
            (function
            | Json.Array items -> items |> Array.map codec.Read |> Errors.all
            | other -> fail "must be a list" other)
            (Array.map codec.Write >> Json.Array)

    let list codec =
        array codec |> map List.ofArray Array.ofList

    /// One of a few names.
    let oneOf (names: string list) =
        let read json =
            match json with
            | Json.String name when List.contains name names -> Ok name
            | Json.String name ->
                let known = names |> List.map (sprintf "\"%s\"") |> String.concat ", "
                fail $"must be one of {known}{Nearest.question names name}" json
            | other -> string.Read other

        create read Json.String

    /// One of a few values, each by its name.
    let named (values: (string * 'T) list) : Codec<'T> =
        oneOf (List.map fst values)
        |> map (fun name -> values |> List.find (fst >> (=) name) |> snd) (fun value ->
            values |> List.find (snd >> (=) value) |> fst)

    /// Several forms of one value: the JSON says which form to read, the value which to write.
    let forms (reader: Json -> Codec<'T>) (writer: 'T -> Codec<'T>) : Codec<'T> =
        create (fun json -> (reader json).Read json) (fun value -> (writer value).Write value)

    /// A codec that is made when it is used.
    let deferred (make: unit -> Codec<'T>) : Codec<'T> =
        create (fun json -> (make ()).Read json) (fun value -> (make ()).Write value)

    let ofText (codec: Codec<'T>) text =
        Json.parse text |> Result.bind codec.Read

    let toText (codec: Codec<'T>) value = codec.Write value |> Json.toText
