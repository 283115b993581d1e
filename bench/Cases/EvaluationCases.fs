namespace SynthSae.Bench

open SynthSae.Compute
open SynthSae.Compute.Cuda

/// Whole evaluations on a GPU.
module EvaluationCases =
    let private settings samples batch : EvaluationSettings =
        { Samples = samples; BatchSize = batch }

    /// An SAE whose latents are some features of a world, seen through noise.
    let private sae (world: World) latents activation : Sae =
        let noise = Inputs.normal 1 latents world.HiddenDim

        let direction row col =
            world.Dictionary[row % world.NumFeatures, col] + 0.1f * noise[row, col]

        { Encoder = Matrix.init latents world.HiddenDim direction
          Decoder = Matrix.init latents world.HiddenDim direction
          EncoderBias = Array.create latents -0.05f
          DecoderBias = Array.copy world.Bias
          ApplyDecoderBiasToInput = true
          Activation = activation
          Refinement = None
          Scaling = InputScaling.None }

    let private near name expected actual =
        Agreement.number name (1e-5 * (1.0 + abs expected)) expected actual

    let private metrics (expected: Metrics) (actual: Metrics) =
        // The name of each figure, beside both.
        let figure name (part: Metrics -> float) = near name (part expected) (part actual)

        Agreement.all
            [ figure "TrueL0" _.TrueL0
              figure "SaeL0" _.SaeL0
              figure "DeadLatents" _.DeadLatents
              figure "Shrinkage" _.Shrinkage
              figure "ExplainedVariance" _.ExplainedVariance
              figure "Mse" _.Mse
              figure "Mcc" _.Mcc
              figure "Uniqueness" _.Uniqueness
              figure "Precision" _.Precision
              figure "Recall" _.Recall
              figure "F1Score" _.F1Score
              figure "Accuracy" _.Accuracy ]

    let private report (expected: LatentReport) (actual: LatentReport) =
        let name = $"latent {expected.Latent}"

        Agreement.all
            [ Agreement.same name [| expected.BestFeature |] [| actual.BestFeature |]
              Agreement.same name [| expected.AssignedFeature |] [| actual.AssignedFeature |]
              near name expected.Score.F1Score actual.Score.F1Score
              near name expected.FiringRate actual.FiringRate
              near name expected.FeatureRate actual.FeatureRate ]

    let private recovery (expected: Recovery) (actual: Recovery) =
        let each name part =
            Agreement.same name (Array.map part expected.Features) (Array.map part actual.Features)

        Agreement.all
            [ each "nearest latents" _.Nearest.Latent
              each "best latents" _.Best.Latent
              each "F1 of best latents" _.Best.Score.F1Score
              each "own latents" _.OwnLatents
              each "F1 together" _.TogetherF1
              each "lent" _.Lent
              each "verdicts" (fun feature -> Verdict.name feature.Verdict) ]

    /// Two of three features lie in trees.
    let private world =
        let trees: HandMadeWorlds.Tree list =
            [ for root in 0..3..57 ->
                  { Feature = root
                    Exclusive = false
                    Scaled = false
                    Children =
                      [ { Feature = root + 1
                          Exclusive = false
                          Scaled = false
                          Children = [] } ] } ]

        { HandMadeWorlds.plain 60 24 with
            Forest = HandMadeWorlds.forest 60 trees }

    let private truth name latents activation pruneBelow settings =
        { Op = "Evaluation"
          Name = name
          Run =
            fun gpu ->
                let inference: Inference =
                    { Sae = sae world latents activation
                      PruneBelow = pruneBelow }

                let sampler = Sampler.create Backend.Reference world

                let run backend =
                    Evaluation.runWithRecovery ignore backend sampler world inference settings

                let struct (expected, expectedRecovery) = run Backend.Reference
                let struct (actual, actualRecovery) = run (Backend.Cuda(gpu, 1))

                Agreement.all
                    [ metrics expected.Metrics actual.Metrics
                      metrics expected.StandardErrors actual.StandardErrors
                      recovery expectedRecovery actualRecovery
                      yield! Array.map2 report expected.Latents actual.Latents ] }

    let private samples =
        { new IBatches with
            member _.Dim = world.HiddenDim

            member _.Fill(first, x) =
                for row in 0 .. x.Rows - 1 do
                    Draw.normals 5UL Stream.Inspection Purpose.Bias (first + int64 row) (x.Row row) }

    let private noTruth =
        { Op = "Evaluation"
          Name = "activations without a truth"
          Run =
            fun gpu ->
                let inference = Inference.plain (sae world 40 (Activation.TopK(5, true)))
                let settings = settings 150L 64

                let expected =
                    Evaluation.onActivations ignore Backend.Reference samples inference settings

                let actual =
                    Evaluation.onActivations
                        ignore
                        (Backend.Cuda(gpu, 1))
                        samples
                        inference
                        settings

                let each name (part: UnsupervisedMetrics -> float) =
                    Agreement.worse
                        (near name (part expected.Metrics) (part actual.Metrics))
                        (near name (part expected.StandardErrors) (part actual.StandardErrors))

                Agreement.all
                    [ each "SaeL0" _.SaeL0
                      each "DeadLatents" _.DeadLatents
                      each "Shrinkage" _.Shrinkage
                      each "ExplainedVariance" _.ExplainedVariance
                      each "Mse" _.Mse
                      Agreement.same "FiringRates" expected.FiringRates actual.FiringRates ] }

    /// Cases of evaluations.
    let cases =
        [ truth
              "BatchTopK, fewer latents than features, a last partial batch"
              40
              (Activation.BatchTopK(4.5, true))
              None
              (settings 150L 64)
          truth
              "JumpReLU, more latents than features, pruned"
              75
              (Activation.JumpRelu(Array.create 75 0.1f))
              (Some 0.2f)
              (settings 100L 32)
          noTruth ]
