namespace SynthSae.Compute.Files

open System
open SynthSae.Compute

/// An open safetensors file: the header is in memory, a tensor is read when asked for, straight into its
/// destination. Every fault raises `BadInput` naming file, tensor and rule.
[<Sealed>]
type SafetensorsFile internal (path: string) =
    let content = new PositionedFile(path)
    let fail problem = content.Fail problem

    let headerLength, dataLength =
        try
            let length = content.Length

            if length < 8L then
                fail
                    $"has {length} bytes; a safetensors file begins with the 8-byte length of its header"

            let prefix = Array.zeroCreate<byte> 8
            content.Read(0L, prefix.AsSpan())
            let header = BitConverter.ToUInt64(prefix, 0)

            if header > uint64 SafetensorsHeader.MaxLength then
                fail $"claims a header of {header} bytes; the most is {SafetensorsHeader.MaxLength}"

            if int64 header > length - 8L then
                fail $"claims a header of {header} bytes, past the end of the file ({length} bytes)"

            if header = 0UL then
                fail "has an empty header"

            int header, length - 8L - int64 header
        with _ ->
            (content :> IDisposable).Dispose()
            reraise ()

    let tensors, metadata =
        try
            let header = Array.zeroCreate<byte> headerLength
            content.Read(8L, header.AsSpan())
            SafetensorsHeader.parse path header dataLength
        with _ ->
            (content :> IDisposable).Dispose()
            reraise ()

    let byName = tensors |> List.map (fun info -> info.Name, info) |> dict

    let find (name: string) =
        match byName.TryGetValue name with
        | true, info -> info
        | _ -> fail $"has no tensor '{name}'"

    let dimensions (info: TensorInfo) = String.Join(", ", info.Shape)

    let wrongType (info: TensorInfo) (wanted: string) =
        fail $"tensor '{info.Name}' is {Dtype.name info.Dtype}; {wanted} is expected"

    /// Number of elements, for an array.
    let count (info: TensorInfo) =
        if info.Count > Matrix.MostElements then
            fail
                $"tensor '{info.Name}' has {info.Count} elements, more than fit into memory at once"

        int info.Count

    /// First byte of a tensor.
    let place (info: TensorInfo) = 8L + int64 headerLength + info.Begin

    let readPlain (info: TensorInfo) (destination: Span<'T>) =
        FileNumbers.read content (place info) destination

    /// The elements of a tensor of one type and no other.
    let readOnly (dtype: Dtype) (info: TensorInfo) : 'T[] =
        if info.Dtype <> dtype then
            wrongType info (Dtype.name dtype)

        let result = Array.zeroCreate<'T>(count info)
        readPlain info (result.AsSpan())
        result

    let readFloat32 (info: TensorInfo) (destination: Span<float32>) =
        match info.Dtype with
        | Dtype.F32
        | Dtype.F64
        | Dtype.F16
        | Dtype.BF16 -> FileNumbers.readFloat32 content info.Dtype (place info) destination
        | _ -> wrongType info "F32 (or F64, F16, BF16)"

    /// Path as given.
    member _.Path = path

    /// All tensors, by place in the file.
    member _.Tensors = tensors

    /// The free texts of `__metadata__`.
    member _.Metadata = metadata

    /// Whether there is a tensor of that name.
    member _.Has(name: string) = byName.ContainsKey name

    /// Type, shape and place of a tensor.
    member _.Info(name: string) = find name

    /// Fail unless the tensor has this shape.
    member _.CheckShape(name: string, shape: int list) =
        let info = find name

        if info.Shape <> List.map int64 shape then
            let wanted = String.Join(", ", shape)
            fail $"tensor '{name}' has shape [{dimensions info}]; [{wanted}] is expected"

    /// Elements of a float tensor of any shape, row-major; F16 and BF16 are widened (exactly), F64 is
    /// rounded.
    member _.Float32(name: string) : float32[] =
        let info = find name
        let result = GC.AllocateUninitializedArray<float32>(count info)
        readFloat32 info (result.AsSpan())
        result

    /// A float tensor of two dimensions.
    member _.Matrix(name: string) : Matrix =
        let info = find name

        match info.Shape with
        | [ rows; cols ] ->
            count info |> ignore

            // A dimension may be huge when the other is 0.
            if max rows cols > Matrix.MostElements then
                fail $"tensor '{name}' of shape [{dimensions info}] does not fit into memory"

            let result = Matrix(int rows, int cols)
            readFloat32 info result.Span
            result
        | _ -> fail $"tensor '{name}' has shape [{dimensions info}]; a matrix is expected"

    /// Elements of an F64 or narrower float tensor, row-major.
    member this.Float64(name: string) : float[] =
        let info = find name

        match info.Dtype with
        | Dtype.F64 ->
            let result = Array.zeroCreate<float>(count info)
            readPlain info (result.AsSpan())
            result
        | Dtype.F32
        | Dtype.F16
        | Dtype.BF16 -> this.Float32 name |> Array.map float
        | _ -> wrongType info "F64 (or F32, F16, BF16)"

    /// Elements of an I64 tensor, row-major.
    member _.Int64(name: string) : int64[] = readOnly Dtype.I64 (find name)

    /// Elements of an I32 tensor, row-major.
    member _.Int32(name: string) : int[] = readOnly Dtype.I32 (find name)

    /// Elements of a BOOL (or U8) tensor, row-major; every byte must be 0 or 1.
    member _.Bool(name: string) : bool[] =
        let info = find name

        match info.Dtype with
        | Dtype.Bool
        | Dtype.U8 ->
            let bytes = Array.zeroCreate<byte>(count info)
            readPlain info (bytes.AsSpan())

            bytes
            |> Array.map (fun value ->
                if value > 1uy then
                    fail $"tensor '{name}' holds {value}, which is neither true nor false"

                value = 1uy)
        | _ -> wrongType info "BOOL"

    /// The single element of a float tensor without dimensions, or of shape [1].
    member this.Scalar(name: string) : float =
        match this.Float64 name with
        | [| value |] -> value
        | values -> fail $"tensor '{name}' has {values.Length} elements; one is expected"

    /// The bytes.
    member internal _.Content = content

    /// First byte of a tensor.
    member internal _.Place(name: string) = place (find name)

    interface IDisposable with
        member _.Dispose() = (content :> IDisposable).Dispose()

/// Parameters of models and SAEs: tensors of a known shape whose elements are all finite.
module internal Parameters =
    let private checkFinite (file: SafetensorsFile) (name: string) (values: ReadOnlySpan<float32>) =
        for value in values do
            if not (Single.IsFinite value) then
                raise (BadInput(file.Path, $"tensor '{name}' holds {value}"))

    /// A tensor of one dimension.
    let vector (file: SafetensorsFile) (name: string) (length: int) : float32[] =
        file.CheckShape(name, [ length ])
        let values = file.Float32 name
        checkFinite file name (ReadOnlySpan values)
        values

    /// A tensor of two dimensions.
    let matrix (file: SafetensorsFile) (name: string) (rows: int) (cols: int) : Matrix =
        file.CheckShape(name, [ rows; cols ])
        let values = file.Matrix name
        checkFinite file name (Span<float32>.op_Implicit values.Span)
        values

    /// A tensor with one element.
    let scalar (file: SafetensorsFile) (name: string) : float =
        let value = file.Scalar name

        if not (Double.IsFinite value) then
            raise (BadInput(file.Path, $"tensor '{name}' holds {value}"))

        value
