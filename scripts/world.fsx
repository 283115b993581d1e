// Statistics of a world: how much its feature directions overlap, how strongly their firing is correlated, how many
// features are active at a time, and how often each fires against what the specification says.
//
//   dotnet fsi scripts/world.fsx [PRESET or FILE] [SAMPLES]
//   dotnet fsi scripts/world.fsx small 100000

#load "load.fsx"

open SynthSae.Compute
open SynthSae.Spec

let directions (world: World) =
    printfn "%d features in R^%d" world.NumFeatures world.HiddenDim

    if world.NumFeatures > 1 then
        let overlap = Superposition.statistics Script.backend world.Dictionary
        printfn "mean |cos| of two features         %s" (Script.number overlap.MeanAbsCos)
        printfn "mean largest |cos| to another      %s" (Script.number overlap.MeanMaxAbsCos)

        printfn
            "the largest of all                 %s"
            (Script.number (float (Array.max overlap.MaxAbsCos)))

let correlation (world: World) =
    let statistics = CorrelationStatistics.ofFactor Script.backend world.Factor
    printfn "correlation of two features (rms)  %s" (Script.number statistics.Rms)
    printfn "  of rank                          %d" world.Rank

let activity (statistics: SampleStatistics) =
    let l0 = statistics.TrueL0
    let quantiles = statistics.TrueL0Quantiles |> List.map (fun (_, value) -> Script.number value)

    printfn "\n%d samples" statistics.Samples
    printfn "true L0  %s ± %s over samples" (Script.number l0.Mean) (Script.number l0.Sd)

    printfn
        "  1, 5, 25, 50, 75, 95, 99 %% of samples have at most %s"
        (String.concat ", " quantiles)

    printfn ""

    Script.table
        [ "depth"; "features"; "active"; "achieved rate over nominal" ]
        [ for depth in statistics.ByDepth do
              [ depth.Depth |> Option.map string |> Option.defaultValue "outside"
                string depth.Features
                Script.number depth.Active.Mean
                Script.number depth.RateOverBase ] ]

/// A tenth of the features in each row, the ones that fire most often first.
let rates (world: World) (statistics: SampleStatistics) =
    let achieved = statistics.Features |> Array.map _.Rate

    let ordered =
        Array.zip3 world.BaseProbability world.Probability achieved |> Array.sortDescending

    let mean (values: float seq) = Script.number (Seq.average values)

    printfn ""

    Script.table
        [ "features by rate"; "nominal"; "given the parent"; "achieved"; "never" ]
        [ for i, part in Array.indexed (Array.splitInto 10 ordered) do
              [ $"tenth {i + 1}"
                mean (part |> Seq.map (fun (nominal, _, _) -> float nominal))
                mean (part |> Seq.map (fun (_, compensated, _) -> float compensated))
                mean (part |> Seq.map (fun (_, _, rate) -> rate))
                string (part |> Seq.filter (fun (_, _, rate) -> rate = 0.0) |> Seq.length) ] ]

Script.run (fun () ->
    let world = Script.world (Script.specification [] (Script.argument 0 "tiny")).Value
    let sampler = Sampler.create Script.backend world
    let statistics = SampleStatistics.measure sampler (Script.count 1 20_000) 1
    directions world
    correlation world
    activity statistics
    rates world statistics)
