// One training step, twice: `DenseStep`, which says in plain double precision what a step means, and
// `SparseStep`, which trains. Shows every tensor's shape and norm, the losses, and how far the two
// are apart. The latents that do not fire in the batch are taken to be dead, so that AuxK takes part.
//
//   dotnet fsi scripts/step.fsx [PRESET or FILE] [BATCH]
//   dotnet fsi scripts/step.fsx tiny 4

#load "load.fsx"

open SynthSae.Compute
open SynthSae.Compute.Training
open SynthSae.Compute.Ops
open SynthSae.Spec

let column (values: float[]) =
    Array2D.init values.Length 1 (fun i _ -> values[i])

let shape (a: float[,]) =
    if DenseAlgebra.cols a = 1 then
        $"({DenseAlgebra.rows a})"
    else
        $"({DenseAlgebra.rows a}, {DenseAlgebra.cols a})"

/// Name, shape, norm in both steps, and the largest difference of an element.
let compare (name: string) (dense: float[,]) (sparse: float[,]) =
    let norm = DenseAlgebra.sumOfSquares >> sqrt >> Script.number
    let apart = DenseAlgebra.map2 (-) dense sparse |> Seq.cast<float> |> Seq.map abs |> Seq.max
    [ name; shape dense; norm dense; norm sparse; Script.number apart ]

let compareAll prefix (dense: DenseParameters) (sparse: DenseParameters) =
    [ compare $"{prefix}W_enc" dense.W_enc sparse.W_enc
      compare $"{prefix}W_dec" dense.W_dec sparse.W_dec
      compare $"{prefix}b_enc" (column dense.b_enc) (column sparse.b_enc)
      compare $"{prefix}b_dec" (column dense.b_dec) (column sparse.b_dec) ]

/// Gradients of the sparse step, in the dense step's orientation.
let gradients (sae: Sae) (g: Gradients) =
    DenseParameters.ofSae
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
    let start = DenseStep.start sae
    let input = DenseAlgebra.ofMatrix x
    let acts = (Dense.forward spec start.Parameters input).Feature_acts
    let dead = DenseAlgebra.columnSums acts |> Array.map (fun sum -> sum = 0.0)
    let lr = Schedule.learningRate training 0<step>
    let dense = DenseStep.run spec training lr dead input start

    let adam =
        { Beta1 = training.AdamBeta1
          Beta2 = training.AdamBeta2
          Epsilon = DenseStep.Epsilon }

    let step =
        SparseStep(
            Backend.threads Script.backend,
            sae,
            spec.Architecture.Family.AuxLossCoefficient,
            adam
        )

    let indices = [| 0 .. spec.DSae - 1 |] |> Array.filter (Array.get dead)
    let struct (mse, auxiliary, _) = step.Differentiate(x, indices)
    let sparseGradients = gradients sae step.Gradients
    let norm = step.Update lr

    printfn
        $"B = {x.Rows}, D = {x.Cols}, L = {spec.DSae}; {indices.Length} latents taken to be dead"

    printfn
        $"{step.Codes.Count} codes, {Script.number (float step.Codes.Count / float x.Rows)} per sample\n"

    let scalar name value other =
        compare name (Array2D.create 1 1 value) (Array2D.create 1 1 other)

    // The codes are pre-activations; feature_acts carry the decoder's norm.
    let kept = Array2D.mapi (fun b j pre -> if acts[b, j] > 0.0 then pre else 0.0)

    Script.table
        [ "tensor"; "shape"; "dense"; "sparse"; "apart" ]
        ([ compare
               "codes"
               (kept dense.Forward.Pre)
               (DenseAlgebra.ofMatrix (Codes.toDense step.Codes))
           scalar "mse" dense.Losses.Mse mse
           scalar "auxiliary" dense.Losses.Auxiliary_reconstruction auxiliary
           scalar "gradient norm" dense.GradientNorm norm ]
         @ compareAll "gradient of " dense.Gradient sparseGradients
         @ compareAll "new " dense.State.Parameters (DenseParameters.ofSae step.Sae)))
