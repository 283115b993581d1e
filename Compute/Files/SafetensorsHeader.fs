namespace SynthSae.Compute.Files

open System
open System.Collections.Generic
open System.Text
open System.Text.Json
open SynthSae.Compute

/// Element types of safetensors files, in the reference's order: a file holds the largest first.
[<RequireQualifiedAccess>]
type Dtype =
    | Bool
    | U8
    | I8
    | F8E5M2
    | F8E4M3
    | I16
    | U16
    | F16
    | BF16
    | I32
    | U32
    | F32
    | F64
    | I64
    | U64

module Dtype =
    let private table =
        [ Dtype.Bool, "BOOL", 1
          Dtype.U8, "U8", 1
          Dtype.I8, "I8", 1
          Dtype.F8E5M2, "F8_E5M2", 1
          Dtype.F8E4M3, "F8_E4M3", 1
          Dtype.I16, "I16", 2
          Dtype.U16, "U16", 2
          Dtype.F16, "F16", 2
          Dtype.BF16, "BF16", 2
          Dtype.I32, "I32", 4
          Dtype.U32, "U32", 4
          Dtype.F32, "F32", 4
          Dtype.F64, "F64", 8
          Dtype.I64, "I64", 8
          Dtype.U64, "U64", 8 ]

    /// Name in a file's header.
    let name dtype =
        table |> List.pick (fun (d, name, _) -> if d = dtype then Some name else None)

    /// Bytes of one element.
    let size dtype =
        table |> List.pick (fun (d, _, size) -> if d = dtype then Some size else None)

    /// The type of that name in a file's header.
    let tryParse (text: string) =
        table |> List.tryPick (fun (d, name, _) -> if name = text then Some d else None)

/// Where a tensor lies in a file.
type TensorInfo =
    {
        Name: string
        Dtype: Dtype
        /// Row-major; empty for a scalar.
        Shape: int64 list
        /// First byte, counted from the end of the header.
        Begin: int64
        /// One past the last byte.
        End: int64
    }

    /// Number of elements.
    member info.Count = (info.End - info.Begin) / int64 (Dtype.size info.Dtype)

/// The header of a safetensors file: 8 bytes length, then a JSON object from tensor names to type, shape
/// and place. Every rule of the format is checked.
module internal SafetensorsHeader =
    /// The format's own limit on the header's length.
    [<Literal>]
    let MaxLength = 100_000_000L

    let private property (element: JsonElement) (key: string) fail =
        match element.EnumerateObject() |> Seq.filter (fun p -> p.Name = key) |> List.ofSeq with
        | [ found ] -> found.Value
        | [] -> fail $"has no {key}"
        | _ -> fail $"gives {key} twice"

    /// A list of integers ≥ 0.
    let private integers (element: JsonElement) (key: string) fail =
        if element.ValueKind <> JsonValueKind.Array then
            fail $"{key} is not a list"

        [ for item in element.EnumerateArray() do
              match item.ValueKind with
              | JsonValueKind.Number ->
                  match item.TryGetInt64() with
                  | true, value when value >= 0L -> value
                  | _ -> fail $"{key} holds {item.GetRawText()}, not an integer from 0 to 2^63 - 1"
              | _ -> fail $"{key} holds {item.GetRawText()}, not an integer" ]

    let private byteLength dtype (shape: int64 list) fail =
        try
            Checked.(*) (List.fold (fun a b -> Checked.(*) a b) 1L shape) (int64 (Dtype.size dtype))
        with :? OverflowException ->
            fail "has a shape with more elements than a file can hold"

    let private tensor (file: string) (dataLength: int64) (entry: JsonProperty) : TensorInfo =
        let fail problem =
            raise (BadInput(file, $"tensor '{entry.Name}' {problem}"))

        if entry.Value.ValueKind <> JsonValueKind.Object then
            fail "is not described by an object"

        for field in entry.Value.EnumerateObject() do
            if not (List.contains field.Name [ "dtype"; "shape"; "data_offsets" ]) then
                fail $"has an unknown field '{field.Name}'"

        let dtype =
            let element = property entry.Value "dtype" fail

            if element.ValueKind <> JsonValueKind.String then
                fail "has a dtype that is not text"

            match Dtype.tryParse (element.GetString()) with
            | Some dtype -> dtype
            | None -> fail $"has the unknown dtype '{element.GetString()}'"

        let shape = integers (property entry.Value "shape" fail) "shape" fail

        match integers (property entry.Value "data_offsets" fail) "data_offsets" fail with
        | [ first; last ] ->
            if first > last then
                fail $"begins at byte {first}, after its end {last}"

            if last > dataLength then
                fail $"ends at byte {last}, past the end of the data ({dataLength} bytes)"

            let expected = byteLength dtype shape fail

            if last - first <> expected then
                fail $"takes {last - first} bytes, but its shape and dtype need {expected}"

            { Name = entry.Name
              Dtype = dtype
              Shape = shape
              Begin = first
              End = last }
        | _ -> fail "has data_offsets that are not a pair"

    /// Tensors must fill the data without overlap or gap.
    let private checkPlaces (file: string) (dataLength: int64) (tensors: TensorInfo list) =
        let fail problem = raise (BadInput(file, problem))

        let filled =
            (0L, tensors)
            ||> List.fold (fun place info ->
                if info.Begin < place then
                    fail $"tensor '{info.Name}' overlaps the tensor before it"

                if info.Begin > place then
                    fail
                        $"bytes {place} to {info.Begin} before tensor '{info.Name}' belong to no tensor"

                info.End)

        if filled < dataLength then
            fail $"{dataLength - filled} bytes after the last tensor belong to no tensor"

    let private metadata (file: string) (element: JsonElement) =
        let fail problem =
            raise (BadInput(file, $"__metadata__ {problem}"))

        if element.ValueKind <> JsonValueKind.Object then
            fail "is not an object"

        let pairs =
            [ for entry in element.EnumerateObject() do
                  if entry.Value.ValueKind <> JsonValueKind.String then
                      fail $"holds '{entry.Name}', which is not text"

                  entry.Name, entry.Value.GetString() ]

        match pairs |> List.countBy fst |> List.tryFind (fun (_, count) -> count > 1) with
        | Some(name, _) -> fail $"gives '{name}' twice"
        | None -> Map.ofList pairs

    /// Tensors by place, and the metadata.
    let parse (file: string) (header: byte[]) (dataLength: int64) =
        let fail problem = raise (BadInput(file, problem))

        let text =
            try
                UTF8Encoding(false, true).GetString header
            with :? DecoderFallbackException ->
                fail "the header is not UTF-8"

        use document =
            try
                JsonDocument.Parse text
            with :? JsonException as error ->
                fail $"the header is not JSON: {error.Message}"

        if header[0] <> byte '{' then
            fail "the header does not begin with '{'"

        let names = HashSet<string>()
        let tensors = List<TensorInfo>()
        let mutable pairs = Map.empty

        try
            for entry in document.RootElement.EnumerateObject() do
                if not (names.Add entry.Name) then
                    fail $"tensor '{entry.Name}' appears twice"

                if entry.Name = "__metadata__" then
                    pairs <- metadata file entry.Value
                else
                    tensors.Add(tensor file dataLength entry)
        with :? InvalidOperationException ->
            // An escaped half of a surrogate pair is JSON but not text.
            fail "the header holds a name that is not Unicode text"

        let placed = tensors |> Seq.sortBy (fun info -> info.Begin, info.End) |> List.ofSeq
        checkPlaces file dataLength placed
        placed, pairs
