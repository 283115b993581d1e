namespace SynthSae.Compute.Files

open System
open System.Globalization
open System.IO
open System.Text
open SynthSae.Compute
open SynthSae.Spec

/// What the cache had to say about a world.
[<RequireQualifiedAccess>]
type CacheOutcome =
    /// Read from this file.
    | Hit of file: string
    /// Not there; compiled and written to this file.
    | Stored of file: string
    /// The file was damaged or of another model; compiled and written again.
    | Rebuilt of file: string * reason: string
    /// Compiled, but the file cannot be written.
    | NotStored of file: string * reason: string

/// Compiled worlds on disk, so that a dictionary is orthogonalised once. An entry is one safetensors file,
/// written whole, named by the hash of what determines the world; it holds the arrays that took time
/// and a checksum, the rest is recomputed. Any number of processes may use the folder.
module WorldCache =
    /// To be raised whenever the compiler's results change.
    [<Literal>]
    let FormatVersion = 1

    /// `$XDG_CACHE_HOME/synthsae/worlds`, else `~/.cache/synthsae/worlds`.
    let defaultFolder () = CacheFolder.standard ()

    /// Everything that determines the world: two backends may differ in the last bits of a dictionary.
    let private identity (backend: Backend) (spec: SyntheticModelSpec) =
        let canonical =
            { spec with
                Seed = Some(WorldCompiler.seed spec)
                Orthogonalization =
                    spec.Orthogonalization |> Option.map (fun o -> { o with ChunkSize = 1 }) }

        let text =
            $"world {FormatVersion} {Backend.kind backend}\n{SyntheticModelSpec.toJson canonical}"
        // A specification with given directions is too long for a header.
        if text.Length <= 16_384 then text else Checksum.fnv1a text

    /// The file of a world in a cache folder.
    let entry (folder: string) (backend: Backend) (spec: Valid<SyntheticModelSpec>) =
        Path.Combine(folder, Checksum.fnv1a (identity backend spec.Value) + ".safetensors")

    let private checksum (identity: string) (warnings: string) (arrays: WorldCompiler.Drawn) =
        let ofText crc (text: string) =
            Checksum.crc32c crc (ReadOnlySpan(Encoding.UTF8.GetBytes text))

        let ofMatrix crc (matrix: Matrix) =
            Checksum.crc32cOf crc (Span<float32>.op_Implicit matrix.Span)

        let ofArray crc (values: float32[]) =
            Checksum.crc32cOf crc (ReadOnlySpan values)

        let texts = ofText (ofText 0u identity) warnings
        let matrices = ofMatrix (ofMatrix texts arrays.Dictionary) arrays.Factor
        (ofArray (ofArray matrices arrays.Bias) arrays.ResidualSd).ToString "x8"

    // Warnings are single lines.
    let private joined (warnings: string list) = String.concat "\n" warnings

    let private split (warnings: string) =
        List.ofArray (warnings.Split('\n', StringSplitOptions.RemoveEmptyEntries))

    let private store (file: string) (identity: string) (world: World) =
        let arrays: WorldCompiler.Drawn =
            { Dictionary = world.Dictionary
              Bias = world.Bias
              Factor = world.Factor
              ResidualSd = world.ResidualSd
              Trees = [] }

        let warnings = joined world.Warnings

        Safetensors.write
            file
            [ "world", identity; "warnings", warnings; "crc32c", checksum identity warnings arrays ]
            [ "dictionary", Tensor.Matrix arrays.Dictionary
              "factor", Tensor.Matrix arrays.Factor
              "bias", Tensor.vector arrays.Bias
              "residual_sd", Tensor.vector arrays.ResidualSd ]

    /// The stored world; raises `BadInput` when the entry is damaged or another model's.
    let private load (file: string) (identity: string) (spec: SyntheticModelSpec) : World =
        use entry = Safetensors.read file
        let fail problem = raise (BadInput(file, problem))

        let text name =
            entry.Metadata |> Map.tryFind name |> Option.defaultValue ""

        let warnings = text "warnings"

        if text "world" <> identity then
            fail "is of another model"

        entry.CheckShape("dictionary", [ spec.NumFeatures; spec.HiddenDim ])
        entry.CheckShape("bias", [ spec.HiddenDim ])
        entry.CheckShape("residual_sd", [ spec.NumFeatures ])
        let seed = uint64 (WorldCompiler.seed spec)

        let arrays: WorldCompiler.Drawn =
            { Dictionary = entry.Matrix "dictionary"
              Bias = entry.Float32 "bias"
              Factor = entry.Matrix "factor"
              ResidualSd = entry.Float32 "residual_sd"
              Trees = Forests.trees seed spec.NumFeatures spec.Hierarchy }

        if text "crc32c" <> checksum identity warnings arrays then
            fail "does not match its checksum"

        { WorldCompiler.assemble spec arrays with
            Warnings = split warnings }

    let private tryLoad file identity spec =
        if File.Exists file then
            try
                Some(Ok(load file identity spec))
            with BadInput(_, problem) ->
                Some(Error problem)
        else
            None

    let private compileAndStore file identity backend (spec: Valid<SyntheticModelSpec>) stored =
        let world = WorldCompiler.compile backend spec

        try
            store file identity world
            world, stored
        with BadInput(_, reason) ->
            world, CacheOutcome.NotStored(file, reason)

    /// The world of a specification, from the cache or compiled and put there. `folder` is `defaultFolder`
    /// when not given. A cache that cannot be read or written never fails the caller: the outcome tells.
    /// Raises `BadInput` only where compiling does.
    let getOrCompile
        (folder: string option)
        (backend: Backend)
        (spec: Valid<SyntheticModelSpec>)
        : World * CacheOutcome =
        let file = entry (Option.defaultWith defaultFolder folder) backend spec
        let identity = identity backend spec.Value

        match tryLoad file identity spec.Value with
        | Some(Ok world) -> world, CacheOutcome.Hit file
        | Some(Error reason) ->
            compileAndStore file identity backend spec (CacheOutcome.Rebuilt(file, reason))
        | None -> compileAndStore file identity backend spec (CacheOutcome.Stored file)
