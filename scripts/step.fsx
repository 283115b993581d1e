// One training step, twice: `DenseStep`, which says in plain double precision what a step means, and
// `SparseStep`, which trains. Shows every tensor's shape and norm, the losses, and how far the two
// are apart. The latents that do not fire in the batch are taken to be dead, so that AuxK takes part.
//
//   dotnet fsi scripts/step.fsx [PRESET or FILE] [BATCH]
//   dotnet fsi scripts/step.fsx tiny 4

#load "load.fsx"

open SynthSae.Compute
open SynthSae.Compute.Autodiff
open SynthSae.Compute.Training
open SynthSae.Compute.Ops
open SynthSae.Spec

let shape (a: float[,]) =
    if DenseAlgebra.rows a = 1 then
        $"({DenseAlgebra.cols a})"
    else
        $"({DenseAlgebra.rows a}, {DenseAlgebra.cols a})"

/// Name, shape, norm in both steps, and the largest difference of an element.
let compare (name: string) (dense: float[,]) (sparse: float[,]) =
    let norm = DenseAlgebra.sumOfSquares >> sqrt >> Script.number
    let apart = DenseAlgebra.map2 (-) dense sparse |> Seq.cast<float> |> Seq.map abs |> Seq.max
    [ name; shape dense; norm dense; norm sparse; Script.number apart ]

let compareAll prefix (dense: DenseParameters) (sparse: DenseParameters) =
    [ for KeyValue(name, values) in dense -> compare $"{prefix}{name}" values sparse[name] ]

/// Gradients of the sparse step, in the dense step's orientation.
let gradients architecture (sae: Sae) (g: Parameters) =
    DenseParameters.ofSae
        architecture
        { sae with
            Encoder = g.Encoder
            Decoder = g.Decoder
            EncoderBias = g.EncoderBias
            DecoderBias = g.DecoderBias }

Script.run (fun () ->
    let run = (Script.specification [] (Script.argument 0 "small")).Value
    let spec, training = run.Sae, run.Training
    let world = Script.world run
    let x = Matrix(Script.count 1 16, world.HiddenDim)
    let truth = Codes world.NumFeatures
    (Sampler.create Script.backend world).Sample(Stream.Training, 0L, truth, x)

    let sae = Initialisation.create spec world.HiddenDim training.Seed
    let start = DenseStep.start spec sae
    let input = DenseAlgebra.ofMatrix x
    let lr = Schedule.learningRate training 0<step>
    let settings = StepSettings.start spec lr (Array.create spec.DSae false)
    let batch = Dense.trace spec settings start.Parameters input
    let acts = (Dense.forward batch).Feature_acts.Value
    let sums = DenseAlgebra.sumTo 1 spec.DSae acts
    let dead = DenseAlgebra.elements sums |> Array.map (fun sum -> sum = 0.0)
    let dense = DenseStep.run spec training { settings with Dead = dead } input start

    let adam =
        { Beta1 = training.AdamBeta1
          Beta2 = training.AdamBeta2
          Epsilon = DenseStep.Epsilon }

    let step = SparseStep(Backend.threads Script.backend, spec, sae, adam)

    let indices = [| 0 .. spec.DSae - 1 |] |> Array.filter (Array.get dead)
    let losses = step.Differentiate(x, StepSettings.start spec lr dead)
    let sparseGradients = gradients spec.Architecture sae step.Gradients
    let norm = step.Update lr

    printfn
        $"B = {x.Rows}, D = {x.Cols}, L = {spec.DSae}; {indices.Length} latents taken to be dead"

    printfn
        $"{step.Codes.Count} codes, {Script.number (float step.Codes.Count / float x.Rows)} per sample\n"

    let scalar name value other =
        compare name (Array2D.create 1 1 value) (Array2D.create 1 1 other)

    Script.table
        [ "tensor"; "shape"; "dense"; "sparse"; "apart" ]
        ([ compare
               "codes"
               dense.Forward.Codes.Value
               (DenseAlgebra.ofMatrix (Codes.toDense step.Codes))
           scalar "mse" dense.Losses["mse_loss"] losses[LossNames.Mse]
           scalar
               "auxiliary"
               dense.Losses["auxiliary_reconstruction_loss"]
               losses[LossNames.Auxiliary]
           scalar "gradient norm" dense.GradientNorm norm ]
         @ compareAll "gradient of " dense.Gradient sparseGradients
         @ compareAll
             "new "
             dense.State.Parameters
             (DenseParameters.ofSae spec.Architecture step.Sae)))
