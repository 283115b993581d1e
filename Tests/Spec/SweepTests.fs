module SynthSae.Tests.Spec.SweepTests

open FsCheck
open FsCheck.FSharp
open Xunit
open SynthSae.Spec
open SynthSae.Tests

let private tiny = (Presets.tryFind "tiny" |> Option.get).Run
let private ofTiny = SweepSpec.create "test" (SweepBase.Named "tiny")
let private axis path values = SweepAxis.Values [ path, values ]
let private sweep axes = { ofTiny with Axes = axes }

let private trials spec =
    match Sweep.expand spec with
    | Ok trials -> trials
    | Error errors -> failwith (errors |> List.map string |> String.concat "\n")

let private errors spec =
    match Sweep.expand spec with
    | Error errors -> errors |> List.map string
    | Ok trials -> failwith $"{trials.Length} runs"

let private readErrors text =
    match SweepSpec.ofJson text with
    | Error errors -> errors |> List.map string
    | Ok spec -> failwith $"{spec}"

let private k (run: Valid<RunSpec>) = run.Value.Sae.Architecture.K.Value

// ---- what a sweep stands for -------------------------------------------------------------------

[<Fact>]
let ``without axes and seeds a sweep is its base`` () =
    let only = Assert.Single(trials ofTiny)
    Assert.Equal(tiny, only.Run.Value)
    Assert.Equal("seed=0", only.Label)

[<Fact>]
let ``every combination of the axes is a point, the last axis varies fastest`` () =
    let found =
        trials (sweep [ axis "sae.d_sae" [ "8"; "16" ]; axis "sae.k" [ "2"; "3"; "4" ] ])
        |> List.map (fun trial -> trial.Run.Value.Sae.DSae, k trial.Run)

    Assert.Equal<(int * float) list>([ 8, 2.0; 8, 3.0; 8, 4.0; 16, 2.0; 16, 3.0; 16, 4.0 ], found)

[<Fact>]
let ``fields of one axis vary together`` () =
    let spec =
        sweep
            [ SweepAxis.Values
                  [ "synthetic_model.hidden_dim", [ "16"; "32" ]
                    "training_samples", [ "10240"; "20480" ] ] ]

    let found =
        trials spec
        |> List.map (fun { Run = run } ->
            (RunSpec.model run.Value).Value.HiddenDim, int64 run.Value.Training.Samples)

    Assert.Equal<(int * int64) list>([ 16, 10240L; 32, 20480L ], found)

[<Fact>]
let ``alternatives set what they like, and are told apart by their names`` () =
    let spec =
        sweep
            [ SweepAxis.Choices(
                  "how",
                  [ { Name = "plain"; Set = [] }
                    { Name = "L1"
                      Set = [ "sae.architecture", "\"standard\""; "sae.target_l0", "3" ] } ]
              ) ]

    match trials spec with
    | [ plain; l1 ] ->
        Assert.Equal(tiny, plain.Run.Value)
        Assert.True(l1.Run.Value.Sae.Architecture.IsStandard)
        Assert.Equal<(string * string) list>([ "how", "L1" ], l1.Point)
        Assert.Equal("how=L1, seed=0", l1.Label)
    | other -> failwith $"{other}"

[<Fact>]
let ``every point is run with every seed, and all points with the first seed come first`` () =
    let spec =
        { sweep [ axis "sae.k" [ "2"; "3" ] ] with
            Seeds = SweepSeeds.Listed [ 7L; 1L ] }

    let found = trials spec |> List.map (fun trial -> k trial.Run, trial.Seed)
    Assert.Equal<(float * int64) list>([ 2.0, 7L; 3.0, 7L; 2.0, 1L; 3.0, 1L ], found)

    for trial in trials spec do
        Assert.Equal(trial.Seed, trial.Run.Value.Training.Seed)

[<Fact>]
let ``a number of seeds counts from that of the base`` () =
    let spec =
        { ofTiny with
            Set = [ "seed", "5" ]
            Seeds = SweepSeeds.Count 3 }

    Assert.Equal<int64 list>([ 5L; 6L; 7L ], trials spec |> List.map _.Seed)

[<Fact>]
let ``what is set holds for every run, unless an axis says otherwise`` () =
    let spec =
        { sweep [ axis "sae.architecture" [ "\"topk\""; "\"batchtopk\"" ] ] with
            // topk has no such field: it goes when an axis chooses topk.
            Set = [ "sae.topk_threshold_lr", "0.5"; "sae.k", "2" ] }

    match trials spec with
    | [ topK; batch ] ->
        Assert.Equal(2.0, k topK.Run)
        Assert.Equal(0.5, batch.Run.Value.Sae.Architecture.ThresholdLr)
    | other -> failwith $"{other}"

// ---- what is wrong -----------------------------------------------------------------------------

[<Fact>]
let ``everything that is wrong with the text is told at once`` () =
    let text =
        """{"nam": "x", "base": {"sae": {"d_sae": 4, "architecture": "topk"}}, "seeds": "all",
            "axes": [{"sae.k": 3}, {"name": "a", "list": [{"nane": "b", "set": {}}]}]}"""

    Assert.Equal<string list>(
        [ "nam: is not a known field; did you mean \"name\"? (got \"x\")"
          "name: is required"
          "base.synthetic_model: is required, or activations"
          "axes[0].sae.k: must be a list (got 3)"
          "axes[1].list[0].nane: is not a known field; did you mean \"name\"? (got \"b\")"
          "axes[1].list[0].name: is required"
          "seeds: must be a list of seeds, or their number (got \"all\")" ],
        readErrors text
    )

[<Fact>]
let ``everything that is wrong with the sweep is told at once`` () =
    let spec =
        { ofTiny with
            Name = ""
            Set = [ "saes[0].k", "3" ]
            Axes =
                [ axis "sae.k" [ "2"; "2.0" ]
                  SweepAxis.Values [ "lr", [ "1" ]; "sae.d_sae", [ "8"; "16" ] ]
                  SweepAxis.Values []
                  SweepAxis.Choices("seed", [ { Name = ""; Set = [ "sae.k", "2" ] } ])
                  SweepAxis.Choices("none", []) ]
            Seeds = SweepSeeds.Count 0
            MaxSaesPerRun = 0 }

    Assert.Equal<string list>(
        [ "name: must not be empty (got \"\")"
          "set.saes[0].k: names an SAE among several, but a sweep varies the one of its base: sae"
          "axes[0].sae.k: has a value twice (got 2.0)"
          "axes[1].lr: must have 2 values, as many as the others that vary with it (got 1)"
          "axes[2]: must vary a field (got {})"
          "axes[3].list[0].name: must not be empty (got \"\")"
          "axes[4].list: must have an entry (got [])"
          "axes: vary this twice (got sae.k)"
          "axes: vary this twice (got seed)"
          "seeds: must be at least 1 (got 0)"
          "max_saes_per_run: must be at least 1 (got 0)" ],
        errors spec
    )

[<Fact>]
let ``what is wrong with runs is told once, with a point and how many others`` () =
    let spec =
        { sweep [ axis "sae.k" [ "2"; "17" ]; axis "lr" [ "0.001"; "0"; "-1" ] ] with
            Seeds = SweepSeeds.Count 2 }

    Assert.Equal<string list>(
        [ "lr: must be greater than 0, at sae.k=2, lr=0 and 1 other points (got 0)"
          "lr: must be greater than 0, at sae.k=2, lr=-1 and 1 other points (got -1)"
          "sae.k: must be above 0 and at most d_sae 16, at sae.k=17, lr=0.001 and 2 other points (got 17)" ],
        errors spec
    )

[<Fact>]
let ``an unknown path names the nearest field, and a point`` () =
    Assert.Equal<string list>(
        [ "sae.dsae: is not a known field; did you mean \"d_sae\"?, at sae.dsae=8 (got 8)" ],
        errors (sweep [ axis "sae.dsae" [ "8" ] ])
    )

[<Fact>]
let ``a base with several SAEs, an unknown preset and too many runs are refused`` () =
    let two = { tiny with Saes = [ tiny.Sae; tiny.Sae ] }

    Assert.Equal<string list>(
        [ "base.saes: must be one SAE, which the axes vary (got 2)" ],
        errors { ofTiny with Base = SweepBase.Spec two }
    )

    Assert.Equal<string list>(
        [ "base: there is no such preset; did you mean \"tiny\"? (got tinny)" ],
        errors { ofTiny with Base = SweepBase.Named "tinny" }
    )

    let many = List.init 200 (fun i -> string (i + 1))

    Assert.Equal<string list>(
        [ "axes: and seeds must make at most 10000 runs (got 40000)" ],
        errors (sweep [ axis "training_samples" many; axis "eval_samples" many ])
    )

// ---- passes ------------------------------------------------------------------------------------

let private passes spec =
    Sweep.group spec (trials spec) |> List.map _.Trials

let private widthsAndRates =
    { sweep [ axis "sae.d_sae" [ "8"; "16"; "12" ]; axis "lr" [ "0.001"; "0.002" ] ] with
        Seeds = SweepSeeds.Count 2 }

[<Fact>]
let ``runs that differ in their SAEs alone train together`` () =
    Assert.Equal<int list list>(
        [ [ 0; 2; 4 ]; [ 1; 3; 5 ]; [ 6; 8; 10 ]; [ 7; 9; 11 ] ],
        passes widthsAndRates
    )

[<Fact>]
let ``no more SAEs train together than are allowed`` () =
    Assert.Equal<int list list>(
        [ [ 0; 2 ]; [ 1; 3 ]; [ 4 ]; [ 5 ]; [ 6; 8 ]; [ 7; 9 ]; [ 10 ]; [ 11 ] ],
        passes { widthsAndRates with MaxSaesPerRun = 2 }
    )

[<Fact>]
let ``without groups every run is alone`` () =
    Assert.Equal<int list list>(
        List.init 12 List.singleton,
        passes { widthsAndRates with Group = false }
    )

[<Fact>]
let ``an SAE's own seed does not keep it from the others`` () =
    Assert.Equal<int list list>([ [ 0; 1 ] ], passes (sweep [ axis "sae.seed" [ "1"; "2" ] ]))

// ---- any sweep ---------------------------------------------------------------------------------

/// Axes of a tiny run that may stand beside each other, with values that may be wrong.
let private axes: Gen<SweepAxis> list =
    let some values =
        Gen.subListOf values |> Gen.filter (List.isEmpty >> not)

    let grid path values = some values |> Gen.map (axis path)

    let together =
        some [ "8", "10240"; "16", "20480"; "24", "0" ]
        |> Gen.map (fun pairs ->
            SweepAxis.Values
                [ "synthetic_model.hidden_dim", List.map fst pairs
                  "training_samples", List.map snd pairs ])

    let choices =
        some
            [ { Name = "batch"; Set = [] }
              { Name = "topk, plain"
                Set = [ "sae.architecture", "\"topk\"" ] }
              { Name = "levels = 2"
                Set =
                  [ "sae.architecture", "\"matryoshka_batchtopk\""; "sae.matryoshka_widths", "[4]" ] } ]
        |> Gen.map (fun choices -> SweepAxis.Choices("architecture", choices))

    [ grid "sae.k" [ "2"; "3"; "17"; "\"many\"" ]
      grid "sae.d_sae" [ "8"; "16"; "12" ]
      grid "lr" [ "0.001"; "3e-3"; "0" ]
      grid "eval_pruning" [ "null"; "\"auto\""; "2.5" ]
      together
      choices ]

let private anySweep: Gen<SweepSpec> =
    gen {
        let! chosen = Gen.subListOf axes |> Gen.bind Gen.shuffle
        let! axes = chosen |> Array.toList |> Gen.sequenceToList
        let! seeds = Gen.subListOf [ 0L; 1L; -5L; 9007199254740993L ]
        let! count = Gen.choose (1, 3)

        let! seeds =
            Gen.elements
                [ SweepSeeds.OfBase
                  SweepSeeds.Count count
                  (if seeds.IsEmpty then SweepSeeds.OfBase else SweepSeeds.Listed seeds) ]

        let! group = Gen.elements [ true; true; false ]
        let! most = Gen.choose (1, 5)
        let! settings = Gen.subListOf [ "eval_samples", "2048"; "sae.lista_eta", "0.25" ]
        let! baseRun = Gen.elements [ SweepBase.Named "tiny"; SweepBase.Spec tiny ]

        return
            { SweepSpec.create "any" baseRun with
                Description = if group then "" else "é \"x\""
                Set = settings
                Axes = axes
                Seeds = seeds
                Group = group
                MaxSaesPerRun = most }
    }

[<Fact>]
let ``any sweep survives its JSON`` () =
    Property.forAll anySweep (fun spec -> SweepSpec.ofJson (SweepSpec.toJson spec) = Ok spec)

[<Fact>]
let ``any sweep is all of its runs, each valid and with a label of its own, or nothing but errors``
    ()
    =
    Property.forAll anySweep (fun spec ->
        match Sweep.expand spec with
        | Ok found ->
            let labels = found |> List.map _.Label

            int64 found.Length = SweepSpec.trialCount spec
            && List.distinct labels = labels
            && found
               |> List.forall (fun trial ->
                   Result.isOk (RunSpec.validate trial.Run.Value)
                   && List.map fst trial.Point = SweepSpec.columns spec)
        | Error errors -> not errors.IsEmpty && List.distinct errors = errors)

[<Fact>]
let ``the same sweep makes the same runs in the same order`` () =
    let all spec =
        Sweep.expand spec
        |> Result.map (List.map (fun trial -> trial.Point, trial.Seed, trial.Run.Value))

    Property.forAll anySweep (fun spec ->
        Result.bind all (SweepSpec.ofJson (SweepSpec.toJson spec)) = all spec)

[<Fact>]
let ``any sweep is grouped into valid runs that hold every trial once, as its own SAE`` () =
    Property.forAll anySweep (fun spec ->
        match Sweep.expand spec with
        | Error _ -> true
        | Ok found ->
            let runs = Sweep.group spec found

            let isTrial (run: SweepRun) i number =
                (RunSpec.single i run.Run).Value = (List.item number found).Run.Value

            List.sort (List.collect _.Trials runs) = [ 0 .. found.Length - 1 ]
            && runs
               |> List.forall (fun run ->
                   Result.isOk (RunSpec.validate run.Run.Value)
                   && run.Trials.Length <= (if spec.Group then spec.MaxSaesPerRun else 1)
                   && run.Trials |> List.mapi (isTrial run) |> List.forall id))
