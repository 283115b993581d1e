namespace SynthSae.Compute.Files

open System
open System.Buffers
open SynthSae.Compute
open System.IO
open System.Runtime.InteropServices
open System.Text
open System.Text.Encodings.Web
open System.Text.Json

/// A tensor to be written; arrays are row-major in the given shape.
[<RequireQualifiedAccess>]
type Tensor =
    /// F32 (Rows, Cols).
    | Matrix of Matrix
    /// F32 (Cols, Rows): the transpose, made piece by piece while writing.
    | Transposed of Matrix
    | Float32 of shape: int list * float32[]
    | Float64 of shape: int list * float[]
    | Int64 of shape: int list * int64[]
    | Int32 of shape: int list * int[]
    | Bool of shape: int list * bool[]

module Tensor =
    /// An F32 tensor of one dimension.
    let vector (values: float32[]) =
        Tensor.Float32([ values.Length ], values)

    let internal dtype tensor =
        match tensor with
        | Tensor.Matrix _
        | Tensor.Transposed _
        | Tensor.Float32 _ -> Dtype.F32
        | Tensor.Float64 _ -> Dtype.F64
        | Tensor.Int64 _ -> Dtype.I64
        | Tensor.Int32 _ -> Dtype.I32
        | Tensor.Bool _ -> Dtype.Bool

    let internal shape tensor =
        match tensor with
        | Tensor.Matrix matrix -> [ matrix.Rows; matrix.Cols ]
        | Tensor.Transposed matrix -> [ matrix.Cols; matrix.Rows ]
        | Tensor.Float32(shape, _)
        | Tensor.Float64(shape, _)
        | Tensor.Int64(shape, _)
        | Tensor.Int32(shape, _)
        | Tensor.Bool(shape, _) -> shape

    let internal byteLength tensor =
        (int64 (Dtype.size (dtype tensor)), shape tensor)
        ||> List.fold (fun product length -> product * int64 length)

    let private writeSpan (stream: Stream) (values: ReadOnlySpan<'T>) =
        let chunk = 1 <<< 22
        let mutable first = 0

        while first < values.Length do
            let length = min chunk (values.Length - first)
            stream.Write(MemoryMarshal.AsBytes(values.Slice(first, length)))
            first <- first + length

    /// Write a few rows of the transpose at a time: each row of the source is then read in runs.
    let private writeTransposed (stream: Stream) (matrix: Matrix) =
        let block = 64
        let buffer = ArrayPool<float32>.Shared.Rent(block * max 1 matrix.Rows)

        for first in 0..block .. matrix.Cols - 1 do
            let last = min matrix.Cols (first + block)

            for row in 0 .. matrix.Rows - 1 do
                for col in first .. last - 1 do
                    buffer[(col - first) * matrix.Rows + row] <- matrix[row, col]

            writeSpan stream (ReadOnlySpan(buffer, 0, (last - first) * matrix.Rows))

        ArrayPool<float32>.Shared.Return buffer

    let internal write (stream: Stream) tensor =
        match tensor with
        | Tensor.Matrix matrix ->
            writeSpan stream (Span.op_Implicit matrix.Span: ReadOnlySpan<float32>)
        | Tensor.Transposed matrix -> writeTransposed stream matrix
        | Tensor.Float32(_, values) -> writeSpan stream (ReadOnlySpan values)
        | Tensor.Float64(_, values) -> writeSpan stream (ReadOnlySpan values)
        | Tensor.Int64(_, values) -> writeSpan stream (ReadOnlySpan values)
        | Tensor.Int32(_, values) -> writeSpan stream (ReadOnlySpan values)
        | Tensor.Bool(_, values) -> writeSpan stream (ReadOnlySpan values)

    /// The array must fill the shape.
    let internal check (name: string) tensor =
        let length =
            match tensor with
            | Tensor.Matrix matrix
            | Tensor.Transposed matrix -> matrix.Length
            | Tensor.Float32(_, values) -> values.Length
            | Tensor.Float64(_, values) -> values.Length
            | Tensor.Int64(_, values) -> values.Length
            | Tensor.Int32(_, values) -> values.Length
            | Tensor.Bool(_, values) -> values.Length

        if int64 length * int64 (Dtype.size (dtype tensor)) <> byteLength tensor then
            invalidArg name $"{length} elements do not fill the shape {shape tensor}"

/// Files in Hugging Face's safetensors format: little-endian tensors behind a JSON header.
module Safetensors =
    /// Open a file; the header is read and checked at once.
    let read (path: string) : SafetensorsFile = new SafetensorsFile(path)

    /// The header as the reference's library writes it, padded with spaces to a multiple of 8 bytes.
    let private header (metadata: (string * string) list) (tensors: (string * Tensor) list) =
        use buffer = new MemoryStream()

        let options = JsonWriterOptions(Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping)

        using (new Utf8JsonWriter(buffer, options)) (fun writer ->
            writer.WriteStartObject()

            if not metadata.IsEmpty then
                writer.WriteStartObject "__metadata__"

                for key, value in metadata do
                    writer.WriteString(key, value)

                writer.WriteEndObject()

            let mutable place = 0L

            for name, tensor in tensors do
                writer.WriteStartObject name
                writer.WriteString("dtype", Dtype.name (Tensor.dtype tensor))
                writer.WriteStartArray "shape"

                for length in Tensor.shape tensor do
                    writer.WriteNumberValue length

                writer.WriteEndArray()
                writer.WriteStartArray "data_offsets"
                writer.WriteNumberValue place
                place <- place + Tensor.byteLength tensor
                writer.WriteNumberValue place
                writer.WriteEndArray()
                writer.WriteEndObject()

            writer.WriteEndObject())

        while buffer.Length % 8L <> 0L do
            buffer.WriteByte(byte ' ')

        buffer.ToArray()

    /// Write tensors to a stream. The bytes depend on the content alone: larger types come first, then names
    /// by their code points, as in the reference's files; metadata is sorted by key.
    let writeTo
        (stream: Stream)
        (metadata: (string * string) list)
        (tensors: (string * Tensor) list)
        =
        for name, tensor in tensors do
            Tensor.check name tensor

            if name = "__metadata__" || (tensors |> List.filter (fst >> (=) name)).Length > 1 then
                invalidArg (nameof tensors) $"the name '{name}' is taken"

        let utf8 (text: string) = Encoding.UTF8.GetBytes text

        let sorted =
            tensors
            |> List.sortWith (fun (name1, tensor1) (name2, tensor2) ->
                match compare (Tensor.dtype tensor2) (Tensor.dtype tensor1) with
                | 0 -> (utf8 name1).AsSpan().SequenceCompareTo(ReadOnlySpan(utf8 name2))
                | order -> order)

        let header = header (List.sortBy fst metadata) sorted

        if int64 header.Length > SafetensorsHeader.MaxLength then
            invalidArg
                (nameof metadata)
                $"a header of {header.Length} bytes is longer than the format's limit"

        stream.Write(BitConverter.GetBytes(uint64 header.Length), 0, 8)
        stream.Write(header, 0, header.Length)

        for _, tensor in sorted do
            Tensor.write stream tensor

    /// Write a file whole (`AtomicFile`).
    let write (path: string) (metadata: (string * string) list) (tensors: (string * Tensor) list) =
        AtomicFile.writeWith path (fun stream -> writeTo stream metadata tensors)
