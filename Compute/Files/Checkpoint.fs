namespace SynthSae.Compute.Files

open System
open System.Globalization
open System.IO
open SynthSae.Compute
open SynthSae.Compute.Training

/// A run as it stood after a step.
type Checkpoint =
    {
        /// Of its SAEs, in their order: at least one, all after the same step.
        Trainers: TrainerState list
        /// What the run itself wants to find again, in words of its own.
        Run: string
    }

    /// Steps that were done.
    member checkpoint.Steps = checkpoint.Trainers.Head.Steps

/// The newest checkpoint that can be used, and those that cannot.
type LatestCheckpoint =
    {
        Checkpoint: Checkpoint option
        /// Newer ones that were passed over: file and problem.
        Skipped: (string * string) list
    }

/// Takes the CRC-32C of what is written to it, and keeps nothing.
[<Sealed>]
type private CrcStream() =
    inherit System.IO.Stream()
    let mutable crc = 0u
    member _.Crc = crc
    override _.CanRead = false
    override _.CanSeek = false
    override _.CanWrite = true
    override _.Length = raise (NotSupportedException())

    override _.Position
        with get () = raise (NotSupportedException())
        and set (_: int64) = raise (NotSupportedException())

    override _.Flush() = ()
    override _.Read(_: byte[], _: int, _: int) : int = raise (NotSupportedException())
    override _.Seek(_: int64, _: SeekOrigin) : int64 = raise (NotSupportedException())
    override _.SetLength(_: int64) = raise (NotSupportedException())
    override _.Write(bytes: ReadOnlySpan<byte>) = crc <- Checksum.crc32c crc bytes

    override _.Write(bytes: byte[], offset: int, count: int) =
        crc <- Checksum.crc32c crc (ReadOnlySpan(bytes, offset, count))

/// A folder of checkpoints: one safetensors file `step-N.safetensors` for each, written whole, with a checksum
/// of its content. One process writes to a folder at a time (`FolderLock`).
module Checkpoint =
    let private prefix = "step-"
    let private extension = ".safetensors"

    // To be raised when the names of tensors and metadata change, or their meaning.
    [<Literal>]
    let private Layout = "checkpoint 2"

    // Names of tensors beside those of the trainer, and of metadata.
    [<Literal>]
    let private StepsSinceFired = "steps_since_fired"

    [<Literal>]
    let private Crc = "crc32c"

    let private number (value: int64) =
        value.ToString CultureInfo.InvariantCulture

    /// The file of the checkpoint after so many steps.
    let file (folder: string) (steps: int64) =
        Path.Combine(folder, prefix + number steps + extension)

    let private tryNumber (text: string) =
        match Int64.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture) with
        | true, value -> Some value
        | _ -> None

    let private stepsOf (path: string) =
        let name = Path.GetFileNameWithoutExtension path
        if name.StartsWith prefix then tryNumber (name.Substring prefix.Length) else None

    /// Steps of the checkpoints that lie in a folder, whole or damaged, the latest first.
    let steps (folder: string) : int64 list =
        if Directory.Exists folder then
            FileErrors.reading folder (fun () ->
                Directory.GetFiles(folder, $"{prefix}*{extension}"))
            |> List.ofArray
            |> List.choose stepsOf
            |> List.sortDescending
        else
            []

    // ---- content -------------------------------------------------------------------------------

    let private fingerprint (identities: string list) =
        Checksum.fnv1a (String.concat "\n" (Layout :: identities))

    let private metadata (checkpoint: Checkpoint) =
        [ "format", $"{Layout} {TrainerState.Version}"
          "fingerprint", fingerprint (checkpoint.Trainers |> List.map _.Identity)
          "steps", number checkpoint.Steps
          "samples", number checkpoint.Trainers.Head.Samples
          "run", checkpoint.Run ]

    /// Tensors of an SAE begin with its number.
    let private owner (i: int) = $"{i}."

    let private toTensor (name: string) array =
        match array with
        | StateArray.Matrix matrix -> name, Tensor.Matrix matrix
        | StateArray.Vector values -> name, Tensor.vector values
        | StateArray.Double(shape, values) -> name, Tensor.Float64(shape, values)

    /// The array that a tensor holds; `None` for those that are not among the arrays of a state.
    let private ofTensor (name: string, tensor) =
        match tensor with
        | Tensor.Matrix matrix -> Some(name, StateArray.Matrix matrix)
        | Tensor.Float32(_, values) -> Some(name, StateArray.Vector values)
        | Tensor.Float64(shape, values) -> Some(name, StateArray.Double(shape, values))
        | _ -> None

    let private tensors (i: int) (state: TrainerState) =
        (StepsSinceFired, Tensor.Int32([ state.StepsSinceFired.Length ], state.StepsSinceFired))
        :: (Map.toList state.Arrays |> List.map (fun (name, array) -> toTensor name array))
        |> List.map (fun (name, tensor) -> owner i + name, tensor)

    /// Of the file as it would be without the checksum.
    let private checksum metadata tensors =
        use stream = new CrcStream()
        Safetensors.writeTo stream metadata tensors
        stream.Crc.ToString "x8"

    let private readTensor (file: SafetensorsFile) (info: TensorInfo) =
        let shape = info.Shape |> List.map int

        match info.Dtype, shape with
        | Dtype.F32, [ _; _ ] -> Tensor.Matrix(file.Matrix info.Name)
        | Dtype.F32, _ -> Tensor.Float32(shape, file.Float32 info.Name)
        | Dtype.F64, _ -> Tensor.Float64(shape, file.Float64 info.Name)
        | Dtype.I32, _ -> Tensor.Int32(shape, file.Int32 info.Name)
        | _ -> raise (BadInput(file.Path, $"holds a tensor '{info.Name}' of a strange type"))

    let private ownTensors (i: int) (stored: (string * Tensor) list) =
        stored
        |> List.filter (fun (name, _) -> name.StartsWith(owner i, StringComparison.Ordinal))
        |> List.map (fun (name, tensor) -> name.Substring (owner i).Length, tensor)

    /// Read a checkpoint. Raises `BadInput` when it is damaged, or of other trainers than `identities` says.
    let read (path: string) (identities: string list) : Checkpoint =
        use file = Safetensors.read path
        let fail problem = raise (BadInput(path, problem))

        let text name =
            match Map.tryFind name file.Metadata with
            | Some text -> text
            | None -> fail $"is not a checkpoint: it has no '{name}'"

        let count name =
            tryNumber (text name) |> Option.defaultWith (fun () -> fail $"has a strange '{name}'")

        let stored = file.Tensors |> List.map (fun info -> info.Name, readTensor file info)
        let content = file.Metadata |> Map.remove Crc |> Map.toList

        if text Crc <> checksum content stored then
            fail "does not match its checksum"

        if text "fingerprint" <> fingerprint identities then
            fail "is of another specification, backend or version"

        let trainer i identity =
            { Identity = identity
              Steps = count "steps"
              Samples = count "samples"
              StepsSinceFired = file.Int32(owner i + StepsSinceFired)
              Arrays = ownTensors i stored |> List.choose ofTensor |> Map.ofList }

        { Trainers = List.mapi trainer identities
          Run = text "run" }

    // ---- the folder ----------------------------------------------------------------------------

    /// The newest checkpoint of these trainers (`Trainer.Identity`) that is whole.
    let latest (folder: string) (identities: string list) : LatestCheckpoint =
        let rec first skipped remaining =
            match remaining with
            | [] -> { Checkpoint = None; Skipped = List.rev skipped }
            | path :: older ->
                match
                    (try
                        Ok(read path identities)
                     with BadInput(_, problem) ->
                         Error problem)
                with
                | Ok checkpoint -> { Checkpoint = Some checkpoint; Skipped = List.rev skipped }
                | Error problem -> first ((path, problem) :: skipped) older

        steps folder |> List.map (file folder) |> first []

    /// Remove all but the last `keep` checkpoints up to step `last`. Later ones are of no use: they were damaged,
    /// or the run would have gone on from them.
    let private prune (folder: string) (last: int64) (keep: int) =
        let later, own = steps folder |> List.partition (fun step -> step > last)

        for step in later @ List.skip (min keep own.Length) own do
            let path = file folder step
            FileErrors.writing path (fun () -> File.Delete path)

    /// Write a checkpoint, then remove all but the last `keep` ≥ 1. Raises `BadInput` with the system's reason; the
    /// older ones are then still there.
    let write (folder: string) (keep: int) (checkpoint: Checkpoint) =
        let tensors = checkpoint.Trainers |> List.mapi tensors |> List.concat
        let metadata = metadata checkpoint
        let path = file folder checkpoint.Steps
        Safetensors.write path ((Crc, checksum metadata tensors) :: metadata) tensors
        prune folder checkpoint.Steps (max 1 keep)

    /// Remove a folder of checkpoints with all that is in it.
    let removeAll (folder: string) =
        if Directory.Exists folder then
            FileErrors.writing folder (fun () -> Directory.Delete(folder, true))
