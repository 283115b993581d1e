namespace SynthSae.Tests

open System
open System.IO
open System.Text
open SynthSae.Compute
open SynthSae.Compute.Files
open SynthSae.Spec

/// Files of activations of every kind.
module ShardFiles =
    /// Row number `row` of a list: small whole numbers, which every float type holds exactly.
    let element (row: int) (col: int) = float32 ((row * 7 + col * 3) % 251)

    /// Rows first … first+count−1 of that list.
    let matrix first count dim =
        Matrix.init count dim (fun row col -> element (first + row) col)

    let private elements (values: Matrix) (convert: float32 -> byte[]) =
        values.Span.ToArray() |> Array.map convert |> Array.concat

    let private half (value: float32) =
        BitConverter.GetBytes(Half.op_Explicit value: Half)

    let private bfloat (value: float32) =
        BitConverter.GetBytes(uint16 (BitConverter.SingleToUInt32Bits value >>> 16))

    /// A safetensors file with one tensor of the given type and shape.
    let rawSafetensors path (name: string) dtype (shape: int list) (bytes: byte[]) =
        let sizes = String.Join(",", shape)

        let header =
            $"{{\"{name}\":{{\"dtype\":\"{dtype}\",\"shape\":[{sizes}],\"data_offsets\":[0,{bytes.Length}]}}}}"

        File.WriteAllBytes(
            path,
            Array.concat
                [ BitConverter.GetBytes(uint64 header.Length)
                  Encoding.UTF8.GetBytes header
                  bytes ]
        )

    /// An .npy file of the given type.
    let rawNpy path descr (values: Matrix) (bytes: byte[]) =
        let header =
            $"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({values.Rows}, {values.Cols}), }}\n"

        File.WriteAllBytes(
            path,
            Array.concat
                [ [| 0x93uy |]
                  "NUMPY"B
                  [| 1uy; 0uy |]
                  BitConverter.GetBytes(uint16 header.Length)
                  Encoding.ASCII.GetBytes header
                  bytes ]
        )

    /// Write rows in the n-th of six kinds, beside `stem`; the path.
    let write kind (stem: string) (values: Matrix) : string =
        let shape = [ values.Rows; values.Cols ]
        let npy, safetensors = stem + ".npy", stem + ".safetensors"

        match kind % 6 with
        | 0 ->
            Npy.write npy values
            npy
        | 1 ->
            rawNpy npy "<f2" values (elements values half)
            npy
        | 2 ->
            rawNpy npy "<f8" values (elements values (float >> BitConverter.GetBytes))
            npy
        | 3 ->
            rawSafetensors safetensors "acts" "BF16" shape (elements values bfloat)
            safetensors
        | 4 ->
            rawSafetensors safetensors "x" "F16" shape (elements values half)
            safetensors
        | _ ->
            // Batches of sequences, with another tensor of one dimension.
            let three = [ values.Rows; 1; values.Cols ]

            Safetensors.write
                safetensors
                []
                [ "acts", Tensor.Float32(three, values.Span.ToArray())
                  "tokens", Tensor.Int64([ 3 ], [| 1L; 2L; 3L |]) ]

            safetensors

    /// A folder with files of all kinds, the sizes given: together the list of `element`.
    let folder (folder: string) (sizes: int list) dim : string =
        Directory.CreateDirectory folder |> ignore

        (0, List.indexed sizes)
        ||> List.fold (fun first (i, size) ->
            write i (Path.Combine(folder, $"shard-{i:d3}")) (matrix first size dim) |> ignore
            first + size)
        |> ignore

        folder

    /// Write samples of the preset `tiny` into a folder, the first third as .npy, the rest as safetensors; their
    /// dimension.
    let ofTiny (folder: string) (rows: int) : int =
        let world =
            Presets.tryFind "tiny"
            |> Option.bind (fun preset -> RunSpec.model preset.Run)
            |> Option.map SyntheticModelSpec.validate
            |> function
                | Some(Ok model) -> WorldCompiler.compile Backend.cpu model
                | other -> failwith $"{other}"

        let x = Matrix(rows, world.HiddenDim)
        (Sampler.create Backend.cpu world).Sample(Stream.Inspection, 0L, Codes world.NumFeatures, x)

        let part first count =
            Matrix.init count x.Cols (fun row col -> x[first + row, col])

        Directory.CreateDirectory folder |> ignore
        Npy.write (Path.Combine(folder, "1.npy")) (part 0 (rows / 3))

        Safetensors.write
            (Path.Combine(folder, "2.safetensors"))
            []
            [ "acts", Tensor.Matrix(part (rows / 3) (rows - rows / 3)) ]

        world.HiddenDim
