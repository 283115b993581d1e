// Draws the forest of a world as trees. Each node shows its feature, the probability in the
// specification, the one after compensation for the hierarchy (which sampling uses), and the rate at
// which the feature was active in samples: compensation is right where the last equals the first.
//
//   dotnet fsi scripts/tree.fsx [PRESET or FILE] [TREES] [SAMPLES]
//   dotnet fsi scripts/tree.fsx small 2 20000

#load "load.fsx"

open SynthSae.Compute

/// Share of samples in which each feature is active (N).
let rates (world: World) samples =
    let sampler = Sampler.create Script.backend world
    (SampleStatistics.measure sampler samples 1).Features |> Array.map _.Rate

let label (world: World) (rates: float[]) node =
    let forest = world.Forest
    let children = if forest.ExclusiveChildren[node] then ", exclusive children" else ""
    let scaled = if forest.ScaledByParent[node] then ", scaled by its parent" else ""

    match forest.Feature[node] with
    | -1 -> $"(no feature){children}"
    | i ->
        let before, after = float world.BaseProbability[i], float world.Probability[i]

        $"feature {i}: {Script.number before} → {Script.number after}, "
        + $"active {Script.number rates[i]}{children}{scaled}"

/// A node's line, and those of the nodes below it; `indent` leads all lines but its own.
let rec lines (world: World) rates (indent: string) node =
    let forest = world.Forest
    let last = forest.ChildStart[node + 1] - 1

    label world rates node
    :: [ for child in forest.ChildStart[node] .. last do
             let branch, below = if child = last then "└ ", "  " else "├ ", "│ "

             match lines world rates (indent + below) child with
             | own :: others ->
                 yield indent + branch + own
                 yield! others
             | [] -> () ]

Script.run (fun () ->
    let world = Script.world (Script.specification [] (Script.argument 0 "tiny")).Value
    let forest = world.Forest
    let shown = min (Script.count 1 2) forest.Roots
    let rates = rates world (Script.count 2 20_000)
    let inside = forest.NodeOfFeature |> Array.filter (fun node -> node >= 0)
    printfn $"{inside.Length} of {world.NumFeatures} features in {forest.Roots} trees\n"

    for root in 0 .. shown - 1 do
        lines world rates "" root |> List.iter (printfn "%s")

    if shown < forest.Roots then
        printfn $"… and {forest.Roots - shown} more trees")
