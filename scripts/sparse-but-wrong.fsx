// "Sparse but Wrong" (Chanin & Garriga-Alonso 2025) in small: BatchTopK SAEs on 50 orthogonal,
// correlated features, about 11 of which are active at a time. With k below that the trained SAE
// reconstructs better than the one whose latents are the true features, by mixing correlated
// features: a better MSE, and a worse dictionary.
//
//   dotnet fsi scripts/sparse-but-wrong.fsx [SAMPLES] [K,K,…] [FILE.svg]
//   dotnet fsi scripts/sparse-but-wrong.fsx 15000000 2,5,8,11,14,18 runs/paper.svg
//
// All SAEs are scored in their training form, so that both keep exactly k latents per sample.

#load "load.fsx"
#load "svg.fsx"

open System
open System.Globalization
open SynthSae.Compute
open SynthSae.Compute.Files
open SynthSae.Compute.Training

let preset = "sparse-but-wrong-toy"

/// The SAE whose latents are the true features (L = N).
let groundTruth (world: World) (k: float) : Sae =
    { Encoder = world.Dictionary
      Decoder = world.Dictionary
      EncoderBias = Array.zeroCreate world.NumFeatures
      DecoderBias = world.Bias
      ApplyDecoderBiasToInput = true
      Activation = Activation.BatchTopK(k, true)
      Refinement = None
      Scaling = InputScaling.None }

/// Few samples need larger steps than the preset's 15 million do.
let learningRate samples =
    if samples < 10_000_000 then [ "lr", "0.003" ] else []

let train (world: World) (samples: int) (k: float) : Sae =
    let settings = [ "sae.k", string k; "training_samples", string samples ]
    let run = Script.specification (settings @ learningRate samples) preset
    let trainer = Trainer(Script.backend, run, world.HiddenDim)
    let sampler = Sampler.forRun Script.backend world run.Value.Training.Seed
    let codes = Codes world.NumFeatures
    let x = Matrix(run.Value.Training.BatchSize, world.HiddenDim)

    while trainer.Samples < int64 samples do
        sampler.Sample(Stream.Training, trainer.Samples, codes, x)
        trainer.Step x |> ignore

    trainer.Sae

let score (world: World) (sae: Sae) : Metrics =
    let sampler = Sampler.create Script.backend world
    let settings = { Samples = 20_480L; BatchSize = 1024 }
    (Evaluation.run Script.backend sampler world sae settings).Metrics

let parseK (text: string) =
    match Double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture) with
    | true, k -> k
    | _ -> raise (BadInput("argument 2", $"'{text}' is not a number"))

let plots trueL0 (results: (float * Metrics * Metrics) list) : Svg.Plot list =
    let series name colour value : Svg.Series =
        { Name = name
          Colour = colour
          Points = results |> List.map (fun (k, trained, truth) -> k, value trained truth) }

    let plot title y series : Svg.Plot =
        { Title = title
          X = "k"
          Y = y
          Mark = Some(trueL0, "true L0")
          Series = series }

    [ plot
          "Reconstruction"
          "MSE"
          [ series "trained SAE" "#d1495b" (fun trained _ -> trained.Mse)
            series "true features" "#00798c" (fun _ truth -> truth.Mse) ]
      plot
          "Recovery of the true features"
          "score of the trained SAE"
          [ series "MCC" "#8f2d56" (fun trained _ -> trained.Mcc)
            series "F1" "#30638e" (fun trained _ -> trained.F1Score) ] ]

Script.run (fun () ->
    let samples = Script.count 0 1_000_000
    let ks = (Script.argument 1 "5,8,11,14,18").Split ',' |> List.ofArray |> List.map parseK
    let file = Script.argument 2 "runs/sparse-but-wrong.svg"
    let world = Script.world (Script.specification [] preset).Value

    let results =
        [ for k in ks do
              eprintfn $"k = {k} …"
              k, score world (train world samples k), score world (groundTruth world k) ]

    let trueL0 = results |> List.averageBy (fun (_, trained, _) -> trained.TrueL0)
    printfn $"{samples} training samples per SAE; true L0 {Script.number trueL0}\n"

    Script.table
        [ "k"; "MSE trained"; "MSE true features"; "MCC"; "F1" ]
        [ for k, trained, truth in results ->
              List.map Script.number [ k; trained.Mse; truth.Mse; trained.Mcc; trained.F1Score ] ]

    AtomicFile.writeText file (Svg.page (plots trueL0 results))
    printfn $"\nPlot: {file}")
