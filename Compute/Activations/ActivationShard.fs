namespace SynthSae.Compute

open System
open System.Runtime.InteropServices
open System.Text
open SynthSae.Compute.Files

/// One open file of activations: rows of D numbers one after the other. An array of more than two dimensions is a list
/// of rows as well, along its last axis.
[<Sealed>]
type internal ActivationShard
    private (content: PositionedFile, dtype: Dtype, shape: int64 list, first: int64) =
    let dim = List.last shape

    let rows = shape |> List.take (shape.Length - 1) |> List.fold (*) 1L

    /// Places that the checksum looks at, and bytes at each.
    static let places, bytes = 8L, 4096L

    /// A sum over type, shape and some of the content: all of it would take as long as training on it.
    let checksum () =
        let name = Encoding.ASCII.GetBytes(Dtype.name dtype)
        let mutable sum = Checksum.crc32c 0u (ReadOnlySpan name)
        sum <- Checksum.crc32c sum (MemoryMarshal.AsBytes(ReadOnlySpan [| rows; dim |]))
        let length = rows * dim * int64 (Dtype.size dtype)
        let buffer = Array.zeroCreate<byte>(int (min bytes length))

        for place in 0L .. places - 1L do
            let offset = (length - buffer.LongLength) * place / (places - 1L)
            content.Read(first + offset, buffer.AsSpan())
            sum <- Checksum.crc32c sum (ReadOnlySpan buffer)

        sum

    let mutable stamp = content.Stamp
    let sum = checksum ()

    static let shapeRule (path: string) name (shape: int64 list) =
        let fail problem =
            let shape = String.Join(", ", shape)
            raise (BadInput(path, $"{name} has the shape ({shape}); {problem}"))

        if shape.Length < 2 then
            fail "rows of activations (n, D) are expected"

        if List.last shape = 0L then
            fail "there are no activations of dimension 0"

        if List.last shape > Matrix.MostElements then
            fail "its rows do not fit into memory"

    static let floats = [ Dtype.F32; Dtype.F16; Dtype.BF16; Dtype.F64 ]

    static let chosen (file: SafetensorsFile) (tensor: string option) =
        match tensor, file.Tensors |> List.filter (fun info -> info.Shape.Length > 1) with
        | Some name, _ -> file.Info name
        | None, [ only ] -> only
        | None, several ->
            let names = several |> List.map (fun info -> $"'{info.Name}'") |> String.concat ", "

            let problem =
                if several.IsEmpty then
                    "has no tensor with rows"
                else
                    $"has several tensors with rows ({names}); say which with activations.tensor"

            raise (BadInput(file.Path, problem))

    static let ofSafetensors (path: string) tensor =
        let file = Safetensors.read path

        try
            let info = chosen file tensor
            shapeRule path $"tensor '{info.Name}'" info.Shape

            if not (List.contains info.Dtype floats) then
                let name = Dtype.name info.Dtype
                raise (BadInput(path, $"tensor '{info.Name}' is {name}; a float type is expected"))

            new ActivationShard(file.Content, info.Dtype, info.Shape, file.Place info.Name)
        with _ ->
            (file :> IDisposable).Dispose()
            reraise ()

    static let ofNpy (path: string) =
        let file = Npy.read path

        try
            shapeRule path "the array" file.Shape
            new ActivationShard(file.Content, file.Dtype, file.Shape, file.Begin)
        with _ ->
            (file :> IDisposable).Dispose()
            reraise ()

    /// Open a file; `tensor` names the tensor of a safetensors file, by default the only one with rows.
    static member Open(path: string, tensor: string option) : ActivationShard =
        if path.EndsWith(".npy", StringComparison.OrdinalIgnoreCase) then
            ofNpy path
        else
            ofSafetensors path tensor

    /// The file.
    member _.Path = content.Path

    /// Number of rows.
    member _.Rows = rows

    /// D.
    member _.Dim = int dim

    /// Tells files apart by type, shape and some of their content, wherever they lie.
    member _.Checksum = sum

    /// Fail if the file is another than the one that was opened: it is, where it was written to since and its checksum
    /// is another.
    member _.CheckUnchanged() =
        let now = content.Stamp

        if now <> stamp then
            lock content (fun () ->
                if checksum () <> sum then
                    content.Fail "was changed while it was being read"

                stamp <- now)

    /// Rows firstRow, … in float32 into `destination`, as many as it has room for. Fails at a number that is not finite.
    member shard.Read(firstRow: int64, destination: Span<float32>) =
        shard.CheckUnchanged()
        let offset = first + firstRow * dim * int64 (Dtype.size dtype)
        FileNumbers.readFloat32 content dtype offset destination
        let count = destination.Length / int dim

        for row in 0 .. count - 1 do
            let values = destination.Slice(row * int dim, int dim)

            // The sum of squares of finite numbers is finite.
            if not (Double.IsFinite(Rows.squaredNorm (Span<float32>.op_Implicit values))) then
                let mutable col = 0

                while Single.IsFinite values[col] do
                    col <- col + 1

                content.Fail $"holds {values[col]} in row {firstRow + int64 row}, column {col}"

    interface IDisposable with
        member _.Dispose() = (content :> IDisposable).Dispose()
