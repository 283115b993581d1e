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

    let private world = HandMadeWorlds.plain 60 24

    let private truth name latents activation pruneBelow settings =
        { Op = "Evaluation"
          Name = name
          Run =
            fun gpu ->
                let inference: Inference =
                    { Sae = sae world latents activation
                      PruneBelow = pruneBelow }

                let sampler = Sampler.create Backend.Reference world

                let expected =
                    Evaluation.runWith ignore Backend.Reference sampler world inference settings

                let actual =
                    Evaluation.runWith
                        ignore
                        (Backend.Cuda(gpu, 1))
                        sampler
                        world
                        inference
                        settings

                Agreement.all
                    [ metrics expected.Metrics actual.Metrics
                      metrics expected.StandardErrors actual.StandardErrors
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
