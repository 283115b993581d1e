namespace SynthSae.Spec.Coding

open SynthSae.Spec

/// The fields of one object, as read.
type internal Members = Map<string, Json>

/// Some fields of an object: together they read a `'T`, and an `'Owner` writes them.
type internal Fields<'Owner, 'T> =
    {
        /// The names that may stand beside these members.
        Known: Members -> string list
        Read: Members -> Result<'T, SpecError list>
        Write: 'Owner -> (string * Json) list
    }

/// One case of a union that a tag field tells apart.
type internal Case<'T> = { Tag: string; Is: 'T -> bool; Fields: Fields<'T, 'T> }

/// Fields that read several values with `let! … and! …` and write them from their owner.
type internal FieldsBuilder<'Owner>() =
    member _.MergeSources(a: Fields<'Owner, 'A>, b: Fields<'Owner, 'B>) : Fields<'Owner, 'A * 'B> =
        { Known = fun members -> a.Known members @ b.Known members
          Read = fun members -> Errors.both (a.Read members) (b.Read members)
          Write = fun owner -> a.Write owner @ b.Write owner }

    member _.BindReturn(fields: Fields<'Owner, 'A>, make: 'A -> 'B) : Fields<'Owner, 'B> =
        { Known = fields.Known
          Read = fields.Read >> Result.map make
          Write = fields.Write }

module internal Fields =
    let private unknownField = "is not a known field"

    /// Whether an error is about a field that nobody knows.
    let isUnknown (error: SpecError) = error.Rule.StartsWith unknownField

    // ---- one field -----------------------------------------------------------------------------

    let private field name (codec: Codec<'T>) absent : Fields<'T, 'T> =
        let read members =
            match Map.tryFind name members with
            | Some json -> codec.Read json |> Result.mapError (Rules.at name)
            | None -> absent

        { Known = fun _ -> [ name ]
          Read = read
          Write = fun value -> [ name, codec.Write value ] }

    let private required' name =
        Error [ { Path = name; Rule = "is required"; Value = "" } ]

    let required name codec = field name codec (required' name)

    let optional name codec fallback = field name codec (Ok fallback)

    /// An optional field that is written only where it differs from its default.
    let unusual name codec fallback =
        let field = optional name codec fallback

        { field with
            Write = fun value -> if value = fallback then [] else field.Write value }

    /// A field with a second name, which is read where the first is not given; both are one too many.
    let alsoNamed other (make: string -> Fields<'O, 'T>) name =
        let first, second = make name, make other

        let given members =
            if Map.containsKey name members then first else second

        { Known = fun members -> if Map.containsKey name members then [ name ] else [ name; other ]
          Read = fun members -> (given members).Read members
          Write = first.Write }

    /// A field of the reference that is understood at one value only.
    let only name (value: Json) reason : Fields<'O, unit> =
        let read members =
            match Map.tryFind name members with
            | None -> Ok()
            | Some json when json = value -> Ok()
            | Some json ->
                Codec.fail $"only {Json.toShortText value} is supported: {reason}" json
                |> Result.mapError (Rules.at name)

        { Known = fun _ -> [ name ]
          Read = read
          Write = fun _ -> [] }

    /// The same, and it is written.
    let always name (value: Json) reason : Fields<'O, unit> =
        { only name value reason with
            Write = fun _ -> [ name, value ] }

    /// Fields of the reference that have no effect here and are not kept.
    let ignored names : Fields<'O, unit> =
        { Known = fun _ -> names
          Read = fun _ -> Ok()
          Write = fun _ -> [] }

    // ---- several fields ------------------------------------------------------------------------

    /// `fields<Owner> { let! a = … |> from _.A and! b = … |> from _.B return … }`
    let fields<'Owner> = FieldsBuilder<'Owner>()

    /// Write the fields from a part of their owner.
    let from (part: 'Owner -> 'A) (fields: Fields<'A, 'T>) : Fields<'Owner, 'T> =
        { Known = fields.Known
          Read = fields.Read
          Write = part >> fields.Write }

    let pair (a: Fields<'A, 'A>) (b: Fields<'B, 'B>) =
        fields<'A * 'B> {
            let! a = a |> from fst
            and! b = b |> from snd
            return a, b
        }

    let triple (a: Fields<'A, 'A>) (b: Fields<'B, 'B>) (c: Fields<'C, 'C>) =
        fields<'A * 'B * 'C> {
            let! a = a |> from (fun (a, _, _) -> a)
            and! b = b |> from (fun (_, b, _) -> b)
            and! c = c |> from (fun (_, _, c) -> c)
            return a, b, c
        }

    /// Fields of `'T` through fields of `'U`, where not every `'U` will do.
    let convert
        (read: 'U -> Result<'T, SpecError list>)
        (write: 'T -> 'U)
        (fields: Fields<'U, 'U>)
        =
        { Known = fields.Known
          Read = fields.Read >> Result.bind read
          Write = write >> fields.Write }
        : Fields<'T, 'T>

    // ---- unions --------------------------------------------------------------------------------

    /// A case: its tag, its fields, and how it is made of them and taken apart.
    let case tag (fields: Fields<'U, 'U>) (make: 'U -> 'T) (apart: 'T -> 'U option) =
        { Tag = tag
          Is = apart >> Option.isSome
          Fields = fields |> convert (make >> Ok) (apart >> Option.get) }

    /// A union told apart by a tag field, which is written last as the reference does.
    let tagged tagName (cases: Case<'T> list) : Fields<'T, 'T> =
        let tag = required tagName (Codec.oneOf (cases |> List.map _.Tag))

        let chosen members =
            tag.Read members
            |> Result.map (fun name -> cases |> List.find (fun case -> case.Tag = name))

        // Beside a wrong tag any field may be right.
        let known members =
            match chosen members with
            | Ok case -> case.Fields.Known members
            | Error _ when Map.containsKey tagName members -> members |> Map.keys |> List.ofSeq
            | Error _ -> cases |> List.collect (fun case -> case.Fields.Known members)

        let write value =
            let case = cases |> List.find (fun case -> case.Is value)
            case.Fields.Write value @ tag.Write case.Tag

        { Known = fun members -> known members @ [ tagName ]
          Read = fun members -> chosen members |> Result.bind (fun case -> case.Fields.Read members)
          Write = write }

    // ---- objects -------------------------------------------------------------------------------

    let private error rule (name, value) =
        { Path = name; Rule = rule; Value = Json.toShortText value }

    /// An object of exactly these fields.
    let toObject (fields: Fields<'T, 'T>) : Codec<'T> =
        let strangers members pairs =
            let known = fields.Known members |> List.distinct

            pairs
            |> List.filter (fun (name, _) -> not (List.contains name known))
            |> List.map (fun (name, value) ->
                error $"{unknownField}{Nearest.hint known name}" (name, value))

        let repeated pairs =
            pairs
            |> List.countBy fst
            |> List.filter (fun (_, count) -> count > 1)
            |> List.map (fun (name, count) ->
                { Path = name
                  Rule = $"is given {count} times"
                  Value = "" })

        let read json =
            match json with
            | Json.Object pairs ->
                let members = Map.ofList pairs

                match strangers members pairs @ repeated pairs, fields.Read members with
                | [], result -> result
                | strays, result -> Error(strays @ Errors.ofResult result)
            | other -> Codec.fail "must be an object" other

        { Read = read; Write = fields.Write >> Json.Object }
