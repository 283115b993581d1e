namespace SynthSae.Spec

open SynthSae.Spec.Coding

/// The run that a sweep varies.
[<RequireQualifiedAccess>]
type SweepBase =
    /// A preset, a specification's file or a run folder.
    | Named of string
    /// A run written out.
    | Spec of RunSpec

/// One of several named alternatives.
type SweepChoice =
    {
        Name: string
        /// Fields of the run by their path, each with its value as JSON: `sae.architecture`, `"topk"`.
        Set: (string * string) list
    }

/// Something that a sweep varies.
[<RequireQualifiedAccess>]
type SweepAxis =
    /// Fields by their path, with their values as JSON. One field takes each of its values in turn; several
    /// go through their lists, which are equally long, together.
    | Values of (string * string list) list
    /// Alternatives that each set what they like; the axis has a name, as it has no path.
    | Choices of name: string * SweepChoice list

/// Which seeds each point of a sweep is run with.
[<RequireQualifiedAccess>]
type SweepSeeds =
    /// That of the run which is varied.
    | OfBase
    /// So many: that of the run which is varied and those that follow it.
    | Count of int
    | Listed of int64 list

/// Many runs that differ in some fields: every combination of the axes' values, each with every seed.
type SweepSpec =
    {
        Name: string
        /// One line; empty for none.
        Description: string
        Base: SweepBase
        /// Fields that are set in every run, before the axes.
        Set: (string * string) list
        Axes: SweepAxis list
        Seeds: SweepSeeds
        /// Whether runs that see the same samples train in one pass.
        Group: bool
        /// The most SAEs that train in one pass.
        MaxSaesPerRun: int
    }

/// Checking, reading and writing sweeps; `Sweep` makes runs of them.
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module SweepSpec =
    /// The most runs that a sweep may stand for.
    let mostTrials = 10_000

    let private defaultSaesPerRun = 8
    let private seedField = "seed"

    /// A sweep of one run, to be filled in.
    let create name (baseRun: SweepBase) : SweepSpec =
        { Name = name
          Description = ""
          Base = baseRun
          Set = []
          Axes = []
          Seeds = SweepSeeds.OfBase
          Group = true
          MaxSaesPerRun = defaultSaesPerRun }

    /// The sweep with fields of its base changed: a path and a value as `RunSpec.set` takes them.
    let withSettings (settings: (string * string) list) (spec: SweepSpec) : SweepSpec =
        let asJson (path, text) =
            match Json.parse text with
            | Ok json -> path, Json.toLine json
            | Error _ -> path, Json.toLine (Json.String text)

        let put set (path, value) =
            List.filter (fst >> (<>) path) set @ [ path, value ]

        { spec with
            Set = settings |> List.map asJson |> List.fold put spec.Set }

    // ---- what an axis spans --------------------------------------------------------------------

    /// The number of values of an axis.
    let length (axis: SweepAxis) : int =
        match axis with
        | SweepAxis.Values [] -> 0
        | SweepAxis.Values fields -> fields |> List.map (snd >> List.length) |> List.min
        | SweepAxis.Choices(_, choices) -> choices.Length

    let private columnsOf axis =
        match axis with
        | SweepAxis.Values fields -> List.map fst fields
        | SweepAxis.Choices(name, _) -> [ name ]

    /// What tells the points apart: the paths of fields, and the names of axes with alternatives.
    let columns (spec: SweepSpec) : string list = List.collect columnsOf spec.Axes

    /// The number of seeds of each point.
    let seedCount (spec: SweepSpec) : int =
        match spec.Seeds with
        | SweepSeeds.OfBase -> 1
        | SweepSeeds.Count count -> count
        | SweepSeeds.Listed seeds -> seeds.Length

    /// The number of runs, as if each were alone.
    let trialCount (spec: SweepSpec) : int64 =
        let times (a: int64) (b: int) =
            if b > 0 && a > System.Int64.MaxValue / int64 b then
                System.Int64.MaxValue
            else
                a * int64 b

        List.fold times 1L (seedCount spec :: List.map length spec.Axes)

    // ---- rules ---------------------------------------------------------------------------------

    let private pathsOf axis =
        match axis with
        | SweepAxis.Values fields -> List.map fst fields
        | SweepAxis.Choices(_, choices) ->
            choices |> List.collect (fun choice -> List.map fst choice.Set) |> List.distinct

    let private repeated items =
        items |> List.countBy id |> List.filter (fun (_, count) -> count > 1) |> List.map fst

    // A list of SAEs would be trained in one pass anyway; that is for the groups to decide.
    let private pathRules path =
        Rules.check
            path
            "names an SAE among several, but a sweep varies the one of its base: sae"
            ""
            (not (path = "saes" || path.StartsWith "saes[" || path.StartsWith "saes."))

    // 8 and 8.0 are the same.
    let private canonical value =
        match Json.parse value |> Result.bind Codec.number.Read with
        | Ok number -> Json.toLine (Json.ofFloat number)
        | Error _ -> value

    let private valuesRules (fields: (string * string list) list) =
        let lists = List.map snd fields
        let longest = lists |> List.map List.length |> List.fold max 0

        let shape =
            [ for path, values in fields do
                  yield! pathRules path
                  yield! Rules.check path "must have a value" "[]" (not values.IsEmpty)

                  yield!
                      Rules.check
                          path
                          $"must have {longest} values, as many as the others that vary with it"
                          values.Length
                          (values.IsEmpty || values.Length = longest) ]

        let twice () =
            List.transpose lists
            |> List.map (List.map canonical >> String.concat ", ")
            |> repeated
            |> List.collect (fun values ->
                Rules.check (fst fields.Head) "has a value twice" values false)

        Rules.check "" "must vary a field" "{}" (not fields.IsEmpty)
        @ shape
        @ if shape.IsEmpty && not fields.IsEmpty then twice () else []

    let private choiceRules i (choice: SweepChoice) =
        Rules.at
            $"list[{i}]"
            (Rules.check "name" "must not be empty" "\"\"" (choice.Name <> "")
             @ Rules.at "set" (choice.Set |> List.collect (fst >> pathRules)))

    let private axisRules i axis =
        match axis with
        | SweepAxis.Values fields -> valuesRules fields
        | SweepAxis.Choices(name, choices) ->
            Rules.check "name" "must not be empty" "\"\"" (name <> "")
            @ Rules.check "list" "must have an entry" "[]" (not choices.IsEmpty)
            @ List.concat (List.mapi choiceRules choices)
            @ (choices
               |> List.map _.Name
               |> repeated
               |> List.collect (fun name ->
                   Rules.check "list" "has two entries of this name" name false))
        |> Rules.at $"axes[{i}]"

    let private clashRules (spec: SweepSpec) =
        let seeds =
            match spec.Seeds with
            | SweepSeeds.OfBase -> []
            | _ -> [ seedField ]

        let paths = seeds @ List.collect pathsOf spec.Axes
        let names = seeds @ columns spec

        repeated paths @ repeated names
        |> List.distinct
        |> List.collect (fun path -> Rules.check "axes" "vary this twice" path false)

    let private seedRules (spec: SweepSpec) =
        match spec.Seeds with
        | SweepSeeds.OfBase -> []
        | SweepSeeds.Count count -> Rules.atLeast 1 "seeds" count
        | SweepSeeds.Listed seeds ->
            Rules.check "seeds" "must have an entry" "[]" (not seeds.IsEmpty)
            @ (repeated seeds
               |> List.collect (fun seed -> Rules.check "seeds" "is given twice" seed false))

    let private baseRules (spec: SweepSpec) =
        match spec.Base with
        | SweepBase.Named name ->
            Rules.check "base" "must name a preset, a file or a run" "\"\"" (name <> "")
        | SweepBase.Spec run ->
            Rules.check
                "base.saes"
                "must be one SAE, which the axes vary"
                run.Saes.Length
                (run.Saes.Length = 1)

    /// Every broken rule of the sweep itself; those of its runs are told by `Sweep.expand`.
    let errors (spec: SweepSpec) : SpecError list =
        let trials = trialCount spec

        Rules.check "name" "must not be empty" "\"\"" (spec.Name <> "")
        @ baseRules spec
        @ Rules.at "set" (spec.Set |> List.collect (fst >> pathRules))
        @ List.concat (List.mapi axisRules spec.Axes)
        @ clashRules spec
        @ seedRules spec
        @ Rules.check
            "axes"
            $"and seeds must make at most {mostTrials} runs"
            trials
            (trials <= int64 mostTrials)
        @ Rules.atLeast 1 "max_saes_per_run" spec.MaxSaesPerRun

    // ---- JSON ----------------------------------------------------------------------------------

    let private valueOf text =
        Json.parse text |> Result.defaultValue (Json.String text)

    /// Fields by their path, of which none is given twice.
    let private byPath (codec: Codec<'T>) : Codec<(string * 'T) list> =
        let read json =
            match json with
            | Json.Object pairs ->
                let twice =
                    pairs
                    |> List.map fst
                    |> repeated
                    |> List.collect (fun path -> Rules.check path "is given twice" "" false)

                let values =
                    pairs
                    |> List.map (fun (path, value) ->
                        codec.Read value
                        |> Result.map (fun value -> path, value)
                        |> Result.mapError (Rules.at path))

                match twice @ List.collect Errors.ofResult values with
                | [] -> Ok(List.choose Result.toOption values)
                | errors -> Error errors
            | other -> Codec.fail "must be an object of paths and their values" other

        { Read = read
          Write = List.map (fun (path, value) -> path, codec.Write value) >> Json.Object }

    // As the command line has it after --set, but that a string keeps its quotes.
    let private anyValue: Codec<string> = { Read = Json.toLine >> Ok; Write = valueOf }

    let private settings = byPath anyValue

    let private choice: Codec<SweepChoice> =
        Fields.fields<SweepChoice> {
            let! name = Fields.required "name" Codec.string |> Fields.from _.Name
            and! set = Fields.required "set" settings |> Fields.from _.Set
            return { Name = name; Set = set }
        }
        |> Fields.toObject

    let private choices: Codec<SweepAxis> =
        Fields.fields<string * SweepChoice list> {
            let! name = Fields.required "name" Codec.string |> Fields.from fst
            and! list = Fields.required "list" (Codec.list choice) |> Fields.from snd
            return name, list
        }
        |> Fields.toObject
        |> Codec.map SweepAxis.Choices (function
            | SweepAxis.Choices(name, choices) -> name, choices
            | SweepAxis.Values _ -> invalidOp "these are no choices")

    let private values: Codec<SweepAxis> =
        byPath (Codec.list anyValue)
        |> Codec.map SweepAxis.Values (function
            | SweepAxis.Values fields -> fields
            | SweepAxis.Choices _ -> invalidOp "these are no values")

    let private axis: Codec<SweepAxis> =
        Codec.forms
            (function
            | Json.Object fields when List.exists (fst >> (=) "list") fields -> choices
            | _ -> values)
            (function
             | SweepAxis.Choices _ -> choices
             | SweepAxis.Values _ -> values)

    let private baseRun: Codec<SweepBase> =
        let named =
            Codec.string
            |> Codec.map SweepBase.Named (function
                | SweepBase.Named name -> name
                | SweepBase.Spec _ -> invalidOp "the run has no name")

        let writtenOut =
            RunSpec.codec
            |> Codec.map SweepBase.Spec (function
                | SweepBase.Spec run -> run
                | SweepBase.Named name -> invalidOp $"{name} is not written out")

        Codec.forms
            (function
            | Json.String _ -> named
            | _ -> writtenOut)
            (function
             | SweepBase.Named _ -> named
             | SweepBase.Spec _ -> writtenOut)

    let private seeds: Codec<SweepSeeds> =
        let listed = Codec.list Codec.int64

        let read json =
            match json with
            | Json.Null -> Ok SweepSeeds.OfBase
            | Json.Array _ -> listed.Read json |> Result.map SweepSeeds.Listed
            | Json.Number _ -> Codec.int.Read json |> Result.map SweepSeeds.Count
            | other -> Codec.fail "must be a list of seeds, or their number" other

        let write seeds =
            match seeds with
            | SweepSeeds.OfBase -> Json.Null
            | SweepSeeds.Count count -> Codec.int.Write count
            | SweepSeeds.Listed seeds -> listed.Write seeds

        { Read = read; Write = write }

    let private codec: Codec<SweepSpec> =
        Fields.fields<SweepSpec> {
            let! name = Fields.required "name" Codec.string |> Fields.from _.Name

            and! description =
                Fields.unusual "description" Codec.string "" |> Fields.from _.Description

            and! baseRun = Fields.required "base" baseRun |> Fields.from _.Base
            and! set = Fields.unusual "set" settings [] |> Fields.from _.Set
            and! axes = Fields.optional "axes" (Codec.list axis) [] |> Fields.from _.Axes
            and! seeds = Fields.unusual "seeds" seeds SweepSeeds.OfBase |> Fields.from _.Seeds
            and! group = Fields.unusual "group" Codec.bool true |> Fields.from _.Group

            and! most =
                Fields.unusual "max_saes_per_run" Codec.int defaultSaesPerRun
                |> Fields.from _.MaxSaesPerRun

            return
                { Name = name
                  Description = description
                  Base = baseRun
                  Set = set
                  Axes = axes
                  Seeds = seeds
                  Group = group
                  MaxSaesPerRun = most }
        }
        |> Fields.toObject

    /// Read a sweep (docs/sweeps.md); every problem in the text comes back at once. What it says is not
    /// checked yet: `errors` and `Sweep.expand` do that.
    let ofJson (text: string) : Result<SweepSpec, SpecError list> = Codec.ofText codec text

    /// The sweep as JSON; `ofJson` reads it back.
    let toJson (spec: SweepSpec) : string = Codec.toText codec spec
