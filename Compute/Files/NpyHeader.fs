namespace SynthSae.Compute.Files

open System
open System.Text
open SynthSae.Compute

/// What the header of an .npy file says.
type internal NpyHeader =
    {
        Dtype: Dtype
        /// Row-major.
        Shape: int64 list
        /// First byte of the elements.
        Begin: int64
    }

/// A value in the dictionary of an .npy header.
[<RequireQualifiedAccess>]
type private Literal =
    | Text of string
    | Bool of bool
    | Integers of int64 list

/// Reads the dictionary of an .npy header, as much of Python's syntax as NumPy writes.
[<Sealed>]
type private LiteralReader(text: string, fail: string -> exn) =
    let mutable at = 0

    let here () =
        while at < text.Length && Char.IsWhiteSpace text[at] do
            at <- at + 1

        if at < text.Length then text[at] else '\000'

    let wrong () =
        raise (fail $"the header is no dictionary of an array, at its character {at + 1}")

    let skip (expected: char) =
        if here () <> expected then
            wrong ()

        at <- at + 1

    /// Up to a closing sign, which is skipped.
    let upTo (closing: char) =
        let last = text.IndexOf(closing, at)

        if last < 0 then
            wrong ()

        let found = text.Substring(at, last - at)
        at <- last + 1
        found

    let quoted () =
        match here () with
        | '\''
        | '"' as quote ->
            at <- at + 1
            upTo quote
        | _ -> wrong ()

    let integer () =
        let first = at

        while at < text.Length && Char.IsAsciiDigit text[at] do
            at <- at + 1

        match Int64.TryParse(text.AsSpan(first, at - first)) with
        | true, value -> value
        | _ when at = first -> wrong ()
        | _ -> raise (fail "has a shape with more elements than a file can hold")

    /// (), (n,), (n, m) or (n, m,).
    let tuple () =
        skip '('
        let values = ResizeArray<int64>()
        let mutable commas = 0

        while here () <> ')' do
            if values.Count > commas then
                wrong ()

            values.Add(integer ())

            if here () = ',' then
                skip ','
                commas <- commas + 1

        skip ')'

        if values.Count = 1 && commas = 0 then
            wrong ()

        List.ofSeq values

    let word (expected: string) value =
        if String.CompareOrdinal(text, at, expected, 0, expected.Length) <> 0 then
            wrong ()

        at <- at + expected.Length
        Literal.Bool value

    let value () =
        match here () with
        | '(' -> Literal.Integers(tuple ())
        | 'T' -> word "True" true
        | 'F' -> word "False" false
        | '[' -> raise (fail "has a structured dtype; one float type is expected")
        | _ -> Literal.Text(quoted ())

    /// All fields, to the end of the text.
    member _.Fields() : (string * Literal) list =
        skip '{'
        let fields = ResizeArray()

        while here () <> '}' do
            let name = quoted ()
            skip ':'
            fields.Add((name, value ()))

            if here () <> '}' then
                skip ','

        skip '}'

        here () |> ignore

        if at < text.Length then
            wrong ()

        List.ofSeq fields

/// The header of NumPy's .npy files, versions 1.0 to 3.0: six bytes that are always the same, the version, the length of
/// a dictionary, the dictionary as Python would write it. Every rule is checked.
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module internal NpyHeader =
    /// A header has some 100 bytes; only those of structured types, which are no activations, are long.
    [<Literal>]
    let MaxLength = 65535L

    /// What every file begins with.
    let magic = [| 0x93uy; byte 'N'; byte 'U'; byte 'M'; byte 'P'; byte 'Y' |]

    let private dtype (descr: string) fail =
        match descr with
        | "<f2" -> Dtype.F16
        | "<f4" -> Dtype.F32
        | "<f8" -> Dtype.F64
        | _ when descr.StartsWith '>' ->
            raise (fail $"is big-endian ('{descr}'); '<f4', '<f2' or '<f8' is expected")
        | _ -> raise (fail $"holds '{descr}'; '<f4', '<f2' or '<f8' is expected")

    /// The three fields of the dictionary.
    let private fields (text: string) fail =
        let fields = LiteralReader(text, fail).Fields()

        let field name =
            match fields |> List.filter (fst >> (=) name) with
            | [ _, value ] -> value
            | [] -> raise (fail $"the header has no {name}")
            | _ -> raise (fail $"the header gives {name} twice")

        for name, _ in fields do
            if not (List.contains name [ "descr"; "fortran_order"; "shape" ]) then
                raise (fail $"the header has an unknown field '{name}'")

        match field "descr", field "fortran_order", field "shape" with
        | Literal.Text descr, Literal.Bool false, Literal.Integers shape -> dtype descr fail, shape
        | Literal.Text _, Literal.Bool true, Literal.Integers _ ->
            raise (fail "is in Fortran order; C order is expected (numpy.ascontiguousarray)")
        | _ -> raise (fail "the header has a field of the wrong type")

    let private byteLength dtype (shape: int64 list) fail =
        try
            Checked.(*) (List.fold (fun a b -> Checked.(*) a b) 1L shape) (int64 (Dtype.size dtype))
        with :? OverflowException ->
            raise (fail "has a shape with more elements than a file can hold")

    /// Where the dictionary lies, by the bytes before it.
    let private place (file: PositionedFile) fail =
        let fixedPart = Array.zeroCreate<byte> 12
        file.Read(0L, fixedPart.AsSpan(0, int (min 12L file.Length)))

        if file.Length < 12L || fixedPart.AsSpan(0, 6).SequenceEqual(ReadOnlySpan magic) |> not then
            raise (fail "is not an .npy file: it does not begin with \\x93NUMPY")

        match fixedPart[6], fixedPart[7] with
        | 1uy, 0uy -> 10L, int64 (BitConverter.ToUInt16(fixedPart, 8))
        | (2uy | 3uy), 0uy -> 12L, int64 (BitConverter.ToUInt32(fixedPart, 8))
        | major, minor ->
            raise (fail $"is of version {major}.{minor} of the format; 1.0, 2.0 and 3.0 are known")

    /// Read and check the header of a file.
    let read (file: PositionedFile) : NpyHeader =
        let fail problem = BadInput(file.Path, problem)
        let first, length = place file fail

        if length > MaxLength then
            raise (fail $"claims a header of {length} bytes; the most is {MaxLength}")

        if length > file.Length - first then
            raise (
                fail
                    $"claims a header of {length} bytes, past the end of the file ({file.Length} bytes)"
            )

        let bytes = Array.zeroCreate<byte>(int length)
        file.Read(first, bytes.AsSpan())
        // Beyond ASCII there is nothing but names of structured types.
        let dtype, shape = fields (Encoding.Latin1.GetString bytes) fail
        let rest = file.Length - first - length
        let expected = byteLength dtype shape fail

        if rest <> expected then
            raise (fail $"holds {rest} bytes of elements, but its shape and dtype need {expected}")

        { Dtype = dtype; Shape = shape; Begin = first + length }

    /// Digits that NumPy leaves room for, so that the first length can grow in place.
    [<Literal>]
    let private Growth = 21

    /// The bytes before the elements of a float32 array, as NumPy writes them: padded to a multiple of 64.
    let ofShape (shape: int64 list) : byte[] =
        let sizes =
            match shape with
            | [ only ] -> $"{only},"
            | _ -> String.Join(", ", shape)

        let spare =
            match shape with
            | first :: _ -> String(' ', Growth - (string first).Length)
            | [] -> ""

        let text = $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({sizes}), }}{spare}"
        let fixedPart = 10
        let total = (fixedPart + text.Length + 1 + 63) / 64 * 64
        let padded = text.PadRight(total - fixedPart - 1) + "\n"

        Array.concat
            [ magic
              [| 1uy; 0uy |]
              BitConverter.GetBytes(uint16 padded.Length)
              Encoding.Latin1.GetBytes padded ]
