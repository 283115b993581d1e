// Draws a batch: what its samples are like, and which features made the first ones. A sample is
// a function of the world's seed, its stream and its number, so the same ones appear every time.
//
//   dotnet fsi scripts/sample.fsx [PRESET or FILE] [SAMPLES] [SHOWN]
//   dotnet fsi scripts/sample.fsx small 4096 3

#load "load.fsx"

open SynthSae.Compute

/// "mean ± standard deviation over samples".
let spread (spread: Spread) =
    $"{Script.number spread.Mean} ± {Script.number spread.Sd}"

let report (world: World) (statistics: SampleStatistics) =
    let silent = statistics.Features |> Array.filter (fun feature -> feature.Rate = 0.0)
    printfn $"{statistics.Samples} samples of {world.NumFeatures} features in R^{world.HiddenDim}"
    printfn $"active features  {spread statistics.TrueL0}"
    printfn $"‖x‖              {spread statistics.Norm}"
    printfn $"total variance   {Script.number statistics.TotalVariance}"
    printfn $"never active     {silent.Length} features"

    for depth in statistics.ByDepth do
        let place =
            match depth.Depth with
            | Some depth -> $"depth {depth}"
            | None -> "outside"

        printfn $"{place.PadRight 16} {spread depth.Active} of {depth.Features} features"

/// "feature: magnitude" of the active features of one row.
let row (codes: Codes) b =
    let index, value = codes.RowIndex(b).ToArray(), codes.RowValue(b).ToArray()

    Array.zip index value
    |> Array.map (fun (feature, value) -> $"{feature}: {Script.number (float value)}")
    |> String.concat ", "

Script.run (fun () ->
    let world = Script.world (Script.specification [] (Script.argument 0 "tiny")).Value
    let sampler = Sampler.create Script.backend world
    let samples = Script.count 1 1024
    let rows = min (Script.count 2 5) samples
    report world (SampleStatistics.measure sampler samples 1)
    printfn ""

    let codes = Codes world.NumFeatures
    sampler.Codes(Stream.Inspection, 0L, rows, codes)

    for b in 0 .. rows - 1 do
        printfn $"sample {b}  {row codes b}")
