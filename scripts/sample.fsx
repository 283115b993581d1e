// Draws a batch: what its activations are like, and which features made the first rows. A sample is
// a function of the world's seed, its stream and its number, so the same ones appear every time.
//
//   dotnet fsi scripts/sample.fsx [PRESET or FILE] [SAMPLES] [ROWS]
//   dotnet fsi scripts/sample.fsx small 4096 3

#load "load.fsx"

open System
open SynthSae.Compute

let mean (values: float[]) = Array.average values

let deviation (values: float[]) =
    let centre = mean values
    sqrt (values |> Array.averageBy (fun value -> (value - centre) ** 2.0))

/// "mean ± standard deviation over samples".
let spread (values: float[]) =
    $"{Script.number (mean values)} ± {Script.number (deviation values)}"

let norm (row: Span<float32>) =
    sqrt (Rows.squaredNorm (Span<float32>.op_Implicit row))

let statistics (world: World) (codes: Codes) (x: Matrix) =
    let rows = [| 0 .. codes.Rows - 1 |]
    let entries = codes.Value.AsSpan(0, codes.Count).ToArray() |> Array.map float
    let used = codes.Index.AsSpan(0, codes.Count).ToArray() |> Array.distinct
    let squares = rows |> Array.sumBy (fun row -> norm (x.Row row) ** 2.0)

    let centre = Array.init x.Cols (fun d -> rows |> Array.averageBy (fun row -> float x[row, d]))

    let variance = squares / float x.Rows - (centre |> Array.sumBy (fun value -> value * value))

    printfn $"{codes.Rows} samples of {world.NumFeatures} features in R^{world.HiddenDim}"

    printfn
        $"active features  {rows |> Array.map (fun b -> float (codes.RowIndex(b).Length)) |> spread}"

    printfn $"magnitude        {spread entries}"
    printfn $"‖x‖              {rows |> Array.map (fun b -> norm (x.Row b)) |> spread}"
    printfn $"total variance   {Script.number variance}"
    printfn $"never active     {world.NumFeatures - used.Length} features\n"

let row (codes: Codes) b =
    let index, value = codes.RowIndex(b).ToArray(), codes.RowValue(b).ToArray()

    Array.zip index value
    |> Array.map (fun (feature, value) -> $"{feature}: {Script.number (float value)}")
    |> String.concat ", "

Script.run (fun () ->
    let world = Script.world (Script.specification [] (Script.argument 0 "tiny")).Value
    let codes = Codes world.NumFeatures
    let x = Matrix(Script.count 1 1024, world.HiddenDim)
    (Sampler.create Script.backend world).Sample(Stream.Inspection, 0L, codes, x)
    statistics world codes x

    for b in 0 .. min (Script.count 2 5) x.Rows - 1 do
        printfn $"sample {b}  {row codes b}")
