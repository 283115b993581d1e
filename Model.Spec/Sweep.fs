namespace SynthSae.Spec

open SynthSae.Spec.Coding

/// One run of a sweep, as if it were alone.
type SweepTrial =
    {
        /// What tells the point apart, in the order of `SweepSpec.columns`: each column's value, in the form that
        /// `--set` takes. Trials that differ in the seed alone share it.
        Point: (string * string) list
        Seed: int64
        Run: Valid<RunSpec>
    }

    /// The point in words, e.g. `sae.k=6, architecture=topk`; empty for a sweep without axes.
    member trial.Words =
        trial.Point |> List.map (fun (name, value) -> $"{name}={value}") |> String.concat ", "

    /// What no other trial of the sweep is called.
    member trial.Label =
        match trial.Point with
        | [] -> $"seed={trial.Seed}"
        | _ -> $"{trial.Words}, seed={trial.Seed}"

/// Trials that are run in one pass: the SAE `i` of the run is that of the trial `Trials[i]`, counted from 0, and
/// becomes what it would be alone, to the bit.
type SweepRun = { Run: Valid<RunSpec>; Trials: int list }

/// What a sweep stands for.
module Sweep =
    // ---- points --------------------------------------------------------------------------------

    // Strings without their quotes, unless something else would be read then.
    let private shown (value: string) =
        match Json.parse value with
        | Ok(Json.String text) when
            text <> ""
            && Result.isError (Json.parse text)
            && text.IndexOfAny [| ','; '='; '"' |] < 0
            ->
            text
        | _ -> value

    type private Point =
        { Shown: (string * string) list
          Set: (string * string) list }

    let private pointsOf axis : Point list =
        match axis with
        | SweepAxis.Values fields ->
            [ for i in 0 .. SweepSpec.length axis - 1 ->
                  let settings = fields |> List.map (fun (path, values) -> path, values[i])

                  { Shown = settings |> List.map (fun (path, value) -> path, shown value)
                    Set = settings } ]
        | SweepAxis.Choices(name, choices) ->
            [ for choice in choices ->
                  { Shown = [ name, shown (Json.toLine (Json.String choice.Name)) ]
                    Set = choice.Set } ]

    let private points (spec: SweepSpec) =
        let add before axis =
            [ for point in before do
                  for next in pointsOf axis do
                      { Shown = point.Shown @ next.Shown
                        Set = point.Set @ next.Set } ]

        List.fold add [ { Shown = []; Set = [] } ] spec.Axes

    let private seeds (spec: SweepSpec) (run: RunSpec) =
        match spec.Seeds with
        | SweepSeeds.OfBase -> [ None ]
        | SweepSeeds.Count count ->
            [ for i in 0L .. int64 count - 1L -> Some(run.Training.Seed + i) ]
        | SweepSeeds.Listed seeds -> List.map Some seeds

    // ---- runs ----------------------------------------------------------------------------------

    let private baseRun (spec: SweepSpec) =
        match spec.Base with
        | SweepBase.Spec run -> Ok run
        | SweepBase.Named name ->
            Presets.find name |> Result.map _.Run |> Result.mapError (Rules.at "base")

    let private oneSae (run: RunSpec) =
        Rules.check
            "saes"
            "must be one SAE, which the axes vary"
            run.Saes.Length
            (run.Saes.Length = 1)

    let private trial (run: RunSpec) (seed: int64 option) (point: Point) =
        let seeded =
            seed |> Option.map (fun seed -> [ "seed", string seed ]) |> Option.defaultValue []

        RunSpec.set (point.Set @ seeded) run
        |> Result.bind (fun changed ->
            match oneSae changed with
            | [] -> RunSpec.validate changed
            | errors -> Error errors)
        |> Result.map (fun valid ->
            { Point = point.Shown
              Seed = valid.Value.Training.Seed
              Run = valid })

    // The same mistake is mostly made at many points.
    let private joined (found: (Point * SpecError) list) =
        found
        |> List.groupBy snd
        |> List.map (fun (error, points) ->
            match List.distinct (points |> List.map (fst >> _.Shown)) with
            | []
            | [ [] ] -> error
            | first :: others ->
                let place = first |> List.map (fun (n, v) -> $"{n}={v}") |> String.concat ", "
                let also = if others.IsEmpty then "" else $" and {others.Length} other points"
                { error with Rule = $"{error.Rule}, at {place}{also}" })

    /// Every run, or every broken rule: of the sweep, and of its runs with the points that they stand at. All points
    /// come with the first seed before they come with the second; the last axis varies fastest. A base that is
    /// named must be a preset here.
    let expand (spec: SweepSpec) : Result<SweepTrial list, SpecError list> =
        let prepared =
            match SweepSpec.errors spec with
            | [] ->
                baseRun spec
                |> Result.bind (fun run ->
                    match oneSae run with
                    | [] -> RunSpec.set spec.Set run |> Result.mapError (Rules.at "set")
                    | errors -> Error(Rules.at "base" errors))
            | errors -> Error errors

        prepared
        |> Result.bind (fun run ->
            let results =
                [ for seed in seeds spec run do
                      for point in points spec -> point, trial run seed point ]

            let errors =
                [ for point, result in results do
                      for error in Errors.ofResult result -> point, error ]

            if errors.IsEmpty then
                Ok(results |> List.choose (snd >> Result.toOption))
            else
                Error(joined errors))

    // ---- passes --------------------------------------------------------------------------------

    // SAEs of one run agree on D; all else that is not the SAE's own is the run's.
    let private stream (trial: SweepTrial) =
        let run = trial.Run.Value
        { run with Saes = [] }, run.Sae.DIn

    /// The runs that do the trials, in the order of their first ones: trials on the same samples, scored alike,
    /// train together, at most `MaxSaesPerRun` at a time; without `Group` each alone.
    let group (spec: SweepSpec) (trials: SweepTrial list) : SweepRun list =
        let most = if spec.Group then spec.MaxSaesPerRun else 1
        let indexed = List.indexed trials

        let run (members: (int * SweepTrial) list) =
            let first = (snd members.Head).Run.Value
            let saes = members |> List.map (fun (_, trial) -> trial.Run.Value.Sae)

            // Each rule is one of the run, or of an SAE in it.
            { Run = Valid { first with Saes = saes }
              Trials = List.map fst members }

        indexed
        |> List.groupBy (snd >> stream)
        |> List.collect (snd >> List.chunkBySize most >> List.map run)
        |> List.sortBy (fun run -> run.Trials.Head)
