namespace SynthSae.Bench

open SynthSae.Compute
open SynthSae.Compute.Ops
open SynthSae.Compute.Training
open SynthSae.Spec

/// Scoring an SAE of width 4096, and what a world costs to make.
module EvaluationBench =
    let private sae dim =
        Initialisation.create (SaeSpec.batchTopK 4096 25.0) dim 1L

    /// Seconds of an evaluation of 20,480 samples with every metric, and of its matching alone.
    let figures threads (sampler: Sampler) =
        let backend = Backend.Cpu threads
        let sae = sae sampler.World.HiddenDim

        let settings = { Samples = 20480L; BatchSize = Bench16k.Batch }

        [ Measure.repeated 3 (fun () ->
              Evaluation.run backend sampler sampler.World sae settings |> ignore)
          |> Figure.ofSeconds "evaluate/20480-samples" "s" 1.0
          |> Figure.target 1.5
          |> Figure.reference 15.53

          Measure.repeated 3 (fun () ->
              Matching.run backend sae.Decoder sampler.World.Dictionary |> ignore)
          |> Figure.ofSeconds "evaluate/mcc-4096x16384" "s" 1.0
          |> Figure.target 0.7
          |> Figure.reference 0.952 ]

    /// Milliseconds of leave-one-out pruning on one batch, beside those of encoding it.
    let pruning threads (sampler: Sampler) =
        let backend = Backend.Cpu threads
        let sae = sae sampler.World.HiddenDim
        let runner = SaeRunner(backend, sae)
        let pruner = Pruner(backend, sae.Decoder, sae.DecoderBias)
        let x = Matrix(Bench16k.Batch, sae.Dim)

        let truth, codes, kept =
            Codes sampler.World.NumFeatures, Codes sae.Latents, Codes sae.Latents

        sampler.Sample(Stream.Evaluation, 0L, truth, x)

        let prune () =
            let scores = pruner.Scores(x, [||], codes)
            pruner.Keep(codes, scores[0], kept)

        [ Measure.repeated 20 (fun () -> runner.Encode(x, codes))
          |> Figure.ofSeconds "evaluate/encode-batch" "ms" 1e3

          Measure.repeated 20 prune |> Figure.ofSeconds "evaluate/prune-batch" "ms" 1e3 ]

    /// Seconds of the 100 steps that push the 16k dictionary apart, from the time of five.
    let orthogonalisation threads (sampler: Sampler) =
        let dictionary = Matrix.copy sampler.World.Dictionary
        let steps = 5

        Measure.repeated 1 (fun () -> OrthogonaliseCpu.run threads steps 3e-4 dictionary)
        |> Figure.ofSeconds "world/orthogonalise-100-steps" "s" (100.0 / float steps)
        |> Figure.target 40.0
        |> Figure.reference 1029.0
