// Which true features does an SAE recover? Trains one, and shows recovery against how often a feature fires: rare
// features are missed, and those with children are absorbed by them.
//
//   dotnet fsi scripts/recovery.fsx [PRESET or FILE] [SAMPLES] [FILE.svg]
//   dotnet fsi scripts/recovery.fsx small 3000000 runs/recovery.svg

#load "load.fsx"
#load "svg.fsx"

open SynthSae.Compute
open SynthSae.Compute.Files
open SynthSae.Compute.Training
open SynthSae.Spec

/// Few samples need larger steps than the presets' millions do.
let settings samples =
    [ "training_samples", string samples
      if samples < 10_000_000 then
          "lr", "0.003" ]

let train (world: World) (run: Valid<RunSpec>) : Sae =
    let trainer = Trainer(Script.backend, run, world.HiddenDim)
    let sampler = Sampler.forRun Script.backend world run.Value.Training.Seed
    let codes = Codes world.NumFeatures
    let x = Matrix(run.Value.Training.BatchSize, world.HiddenDim)

    while trainer.Samples < int64 run.Value.Training.Samples do
        sampler.Sample(Stream.Training, trainer.Samples, codes, x)
        trainer.Step x |> ignore

    trainer.Export()

let score (world: World) (sae: Sae) =
    let sampler = Sampler.create Script.backend world
    let sizes = { Samples = 50_000L; BatchSize = 1024 }

    Evaluation.runWithRecovery ignore Script.backend sampler world (Inference.plain sae) sizes

/// Features that fire about equally often: from the rarest to the most frequent.
type Bin =
    { Rate: float
      Features: FeatureReport[] }

    member bin.Share verdict =
        let found = bin.Features |> Array.filter (fun feature -> feature.Verdict = verdict)
        float found.Length / float bin.Features.Length

let bins (count: int) (features: FeatureReport[]) =
    [ for part in features |> Array.sortBy _.NominalRate |> Array.splitInto count do
          if part.Length > 0 then
              // On a logarithmic axis the mean is the geometric one.
              let rate = part |> Array.averageBy (fun feature -> log10 feature.NominalRate)

              { Rate = 10.0 ** rate; Features = part } ]

let plots (bins: Bin list) : Svg.Plot list =
    let series name colour value : Svg.Series =
        { Name = name
          Colour = colour
          Points = bins |> List.map (fun bin -> log10 bin.Rate, value bin) }

    let plot title y series : Svg.Plot =
        { Title = title
          X = "log₁₀ of the firing rate"
          Y = y
          Mark = None
          Series = series }

    [ plot
          "Recovery of features by how often they fire"
          "mean over features"
          [ series "F1 of the best latent" "#30638e" (fun bin ->
                bin.Features |> Array.averageBy _.Best.Score.F1Score)
            series "|cos| of the nearest latent" "#8f2d56" (fun bin ->
                bin.Features |> Array.averageBy (fun feature -> abs feature.Nearest.Cosine)) ]
      plot
          "What became of them"
          "share of features"
          [ series "recovered" "#00798c" (fun bin -> bin.Share Verdict.Recovered)
            series "split" "#edae49" (fun bin -> bin.Share Verdict.Split)
            series "absorbed" "#d1495b" (fun bin -> bin.Share Verdict.Absorbed) ] ]

Script.run (fun () ->
    let samples = Script.count 1 500_000
    let run = Script.specification (settings samples) (Script.argument 0 "small")
    let file = Script.argument 2 "runs/recovery.svg"
    let world = Script.world run.Value
    eprintfn $"training on {samples} samples …"
    let struct (result, recovery) = score world (train world run)

    let bins =
        recovery.Features |> Array.filter (fun feature -> feature.NominalRate > 0.0) |> bins 10

    printfn $"F1 {Script.number result.Metrics.F1Score}, MCC {Script.number result.Metrics.Mcc}\n"

    Script.table
        [ "firing rate"; "features"; "F1"; "recovered"; "split"; "absorbed"; "missed" ]
        [ for bin in bins do
              Script.number bin.Rate
              :: string bin.Features.Length
              :: Script.number (bin.Features |> Array.averageBy _.Best.Score.F1Score)
              :: List.map
                  (bin.Share >> Script.number)
                  [ Verdict.Recovered; Verdict.Split; Verdict.Absorbed; Verdict.Missed ] ]

    AtomicFile.writeText file (Svg.page (plots bins))
    printfn $"\nPlot: {file}")
