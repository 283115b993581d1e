namespace SynthSae.Tests

open SynthSae.Compute
open SynthSae.Compute.Autodiff
open SynthSae.Compute.Ops
open SynthSae.Compute.Training
open SynthSae.Spec

/// What a training step shows to tests.
type ObservedStep =
    {
        /// By the reference's names.
        Losses: Map<string, float>
        /// The latent activations that the decoder uses, feature_acts / norms, dense (B, L).
        Codes: float[,]
        /// Of the whole loss, before clipping.
        Gradient: DenseParameters
        /// Euclidean norm of `Gradient`.
        GradientNorm: float
    }

/// One training run in some implementation, driven step by step.
type ITrainingStep =
    /// Take a step on x (B, D).
    abstract Step: settings: StepSettings * x: Matrix -> ObservedStep

    /// The parameters now.
    abstract Parameters: DenseParameters

    /// BatchTopK's running threshold now.
    abstract TopkThreshold: float

/// An implementation of the training step; all run on the same cases with the same tolerances.
type TrainingStepImplementation =
    {
        Name: string
        /// A run that begins with the given parameters and Adam's moments at 0.
        Start: SaeSpec -> TrainingSpec -> DenseParameters -> ITrainingStep
        /// Which architectures it can train.
        Trains: SaeArchitecture -> bool
    }

    override this.ToString() = this.Name

module TrainingSteps =
    /// Adam's settings in every case; the rest is not used by a single step.
    let training: TrainingSpec =
        { TrainingSpec.standard with
            Samples = 1000L<sample>
            BatchSize = 1 }

    /// Batches and parameters as double arrays.
    let ofMatrix (a: Matrix) = DenseAlgebra.ofMatrix a

    let private observe (result: DenseStepResult) =
        { Losses = result.Losses
          Codes = result.Forward.Codes.Value
          Gradient = result.Gradient
          GradientNorm = result.GradientNorm }

    /// The meaning itself.
    let dense =
        { Name = "dense"
          Start =
            fun spec training parameters ->
                let mutable state = DenseStep.startWith parameters

                { new ITrainingStep with
                    member _.Step(settings, x) =
                        let result = DenseStep.run spec training settings (ofMatrix x) state
                        state <- result.State
                        observe result

                    member _.Parameters = state.Parameters
                    member _.TopkThreshold = state.Topk_threshold }
          Trains = fun _ -> true }

    /// Parameters or gradients in the layout of `Sae`, by the reference's names and in its orientation.
    let private byName (names: DenseParameters) (gradients: Parameters) : DenseParameters =
        let vector = Array.map float >> DenseAlgebra.ofVector

        names
        |> Map.map (fun name _ ->
            match name with
            | "W_enc" -> DenseAlgebra.transpose (ofMatrix gradients.Encoder)
            | "W_dec" -> ofMatrix gradients.Decoder
            | "b_enc"
            | "b_gate" -> vector gradients.EncoderBias
            | "b_dec" -> vector gradients.DecoderBias
            | "threshold"
            | "log_threshold" -> vector gradients.Threshold
            | "r_mag" -> vector gradients.MagnitudeScale
            | "b_mag" -> vector gradients.MagnitudeBias
            | other -> failwith $"no gradient of {other}")

    /// The sparse step on SIMD ops, on this many threads.
    let sparse threads =
        { Name = $"sparse on {threads} threads"
          Start =
            fun spec training parameters ->
                let initial = Initialisation.create spec (DenseAlgebra.cols parameters["W_dec"]) 0L
                let sae = DenseParameters.toSae initial parameters

                let adam =
                    { Beta1 = training.AdamBeta1
                      Beta2 = training.AdamBeta2
                      Epsilon = DenseStep.Epsilon }

                let step = SparseStep(threads, spec, sae, adam)
                // The logarithm itself: that of a rounded threshold is another one.
                match Map.tryFind "log_threshold" parameters with
                | Some values ->
                    Array.blit
                        (Seq.cast<float> values |> Seq.map float32 |> Array.ofSeq)
                        0
                        step.Parameters.Threshold
                        0
                        spec.DSae

                    step.Continue 0L
                | None -> ()

                let mutable threshold = 0.0

                { new ITrainingStep with
                    member _.Step(settings, x) =
                        let losses = step.Differentiate(x, settings)
                        let gradient = byName parameters step.Gradients
                        let norm = step.Update settings.LearningRate
                        let rate = spec.Architecture.ThresholdLr
                        threshold <- TopKThreshold.next rate losses.Smallest threshold

                        { Losses = Map losses.Terms
                          Codes = ofMatrix (Codes.toDense step.Codes)
                          Gradient = gradient
                          GradientNorm = norm }

                    member _.Parameters = byName parameters step.Parameters
                    member _.TopkThreshold = threshold }
          Trains = fun _ -> true }

    /// Every implementation that must take the same steps.
    let implementations = [ dense; sparse 1; sparse 3 ]
