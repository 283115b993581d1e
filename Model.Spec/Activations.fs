namespace SynthSae.Spec

open SynthSae.Spec.Coding

/// Rows of activation files that are kept for scoring.
[<RequireQualifiedAccess>]
type HeldOut =
    /// So many.
    | Rows of int64<sample>
    /// A share of all rows, below 1; at least one row.
    | Share of float

/// Activations of a network in files (not a form of the reference), as one long list of rows.
type ActivationsSpec =
    {
        /// Files (.safetensors, .npy), folders of these, and patterns with * and ?; in this order, those of a folder
        /// or a pattern by name.
        Files: string list
        /// Name of the tensor in safetensors files; `None`: the only one with rows.
        Tensor: string option
        /// Rows that are in memory at a time and shuffled among each other.
        BufferRows: int
        /// Rows to score on, which are never trained on.
        HeldOut: HeldOut
    }

/// Activation files by default.
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module ActivationsSpec =
    /// Buffer of 65,536 rows; a twentieth held out.
    let create (files: string list) : ActivationsSpec =
        { Files = files
          Tensor = None
          BufferRows = 65536
          HeldOut = HeldOut.Share 0.05 }

    let private heldOutRules path heldOut =
        match heldOut with
        | HeldOut.Rows rows -> Rules.check path "must be at least 0" rows (rows >= 0L<sample>)
        | HeldOut.Share share ->
            Rules.check
                path
                "must be in [0, 1) or a number of rows"
                share
                (0.0 < share && share < 1.0)

    let internal rules (spec: ActivationsSpec) =
        Rules.check "files" "must name at least one file" "[]" (not spec.Files.IsEmpty)
        @ List.concat (
            spec.Files
            |> List.mapi (fun i file ->
                Rules.check $"files[{i}]" "must not be empty" "\"\"" (file <> ""))
        )
        @ Rules.check "tensor" "must not be empty" "\"\"" (spec.Tensor <> Some "")
        @ Rules.atLeast 1 "buffer_rows" spec.BufferRows
        @ heldOutRules "held_out" spec.HeldOut

    // ---- JSON ----------------------------------------------------------------------------------

    let private files =
        let one =
            Codec.string
            |> Codec.map List.singleton (function
                | [ file ] -> file
                | files -> invalidOp $"{files.Length} files are a list")

        Codec.forms
            (function
            | Json.String _ -> one
            | _ -> Codec.list Codec.string)
            (fun _ -> Codec.list Codec.string)

    let private heldOut: Codec<HeldOut> =
        let share =
            Codec.number
            |> Codec.map HeldOut.Share (function
                | HeldOut.Share share -> share
                | HeldOut.Rows rows -> float rows)

        let rows =
            Codec.int64
            |> Codec.map (fun rows -> HeldOut.Rows(rows * 1L<sample>)) (function
                | HeldOut.Rows rows -> int64 rows
                | HeldOut.Share share -> int64 share)

        let isWhole json = Result.isOk (Codec.int64.Read json)

        Codec.forms (fun json -> if isWhole json then rows else share) (function
            | HeldOut.Rows _ -> rows
            | HeldOut.Share _ -> share)

    let private object =
        let standard = create []

        Fields.fields<ActivationsSpec> {
            let! files = Fields.required "files" files |> Fields.from _.Files

            and! tensor =
                Fields.optional "tensor" (Codec.nullable Codec.string) standard.Tensor
                |> Fields.from _.Tensor

            and! buffer =
                Fields.optional "buffer_rows" Codec.int standard.BufferRows
                |> Fields.from _.BufferRows

            and! heldOut =
                Fields.optional "held_out" heldOut standard.HeldOut |> Fields.from _.HeldOut

            return
                { Files = files
                  Tensor = tensor
                  BufferRows = buffer
                  HeldOut = heldOut }
        }
        |> Fields.toObject

    /// An object; or files alone, all else at its default.
    let internal codec: Codec<ActivationsSpec> =
        let filesAlone = files |> Codec.map create _.Files

        Codec.forms
            (function
            | Json.Object _ -> object
            | _ -> filesAlone)
            (fun _ -> object)
