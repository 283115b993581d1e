namespace SynthSae.Compute.Training

open System
open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops
open SynthSae.Spec

/// One training step on a GPU: what `SparseStep` does, as a sequence of launches that depends on nothing but sizes.
/// Everything that changes from step to step lies in the GPU's memory, controllers and counters included; the host
/// does not wait. Memory is taken once, here.
[<Sealed>]
type CudaStep(gpu: Gpu, plan: StepPlan, initial: Sae, adam: AdamSettings) =
    let spec, batch = plan.Sae, plan.Training.BatchSize
    let architecture, latents, dim = spec.Architecture, initial.Latents, initial.Dim

    // The SAE on the host, filled when it is asked for.
    let mirror =
        { initial with
            Encoder = Matrix.copy initial.Encoder
            Decoder = Matrix.copy initial.Decoder
            EncoderBias = Array.copy initial.EncoderBias
            DecoderBias = Array.copy initial.DecoderBias
            Activation = Activation.copy initial.Activation }

    let host = SparseState.start (SparseState.parameters architecture mirror)
    let parameters = DeviceParameters.upload gpu host.Parameters
    let gradients = DeviceParameters.zeros gpu host.Parameters

    let moments =
        { Mean = DeviceParameters.zeros gpu host.Parameters
          Square = DeviceParameters.zeros gpu host.Parameters }

    let norms = new DeviceArray<float32>(gpu, latents)
    let levels = LevelPlan.ofArchitecture latents architecture
    let terms = DeviceTerms(gpu, 2 * levels.Count + 4)
    let since = DeviceArray.zeros<int> gpu latents
    let fires = DeviceArray.zeros<int> gpu latents
    let frequencies = DeviceArray.zeros<float> gpu latents
    let norm = DeviceScalar.ofValue gpu 0.0
    let none = new DeviceArray<float32>(gpu, 0)
    let clip = ClipAdamCuda(gpu, adam, parameters)
    let isUnit = spec.DecoderNorm = DecoderNorm.Unit

    let part =
        { Gpu = gpu
          Gemm = GemmLibrary.Open gpu
          Plan = plan
          Sae = initial
          Parameters = parameters
          Gradients = gradients
          Norms = norms
          Ring = StepRing(gpu, plan, adam, int terms.Values.Length)
          Terms = terms
          SinceFired = since
          Dead = DeviceLatents.none gpu latents
          Revives = true
          Factor = DeviceScalar.ofValue gpu (2.0f / float32 batch)
          Zero = DeviceScalar.ofValue gpu 0.0f
          None = none }

    let inputs = CudaInputs part
    let reconstruction = CudaReconstruction(part, inputs.Back, frequencies)

    // ---- latents -----------------------------------------------------------------------------------

    let stride = CudaRoom.stride plan dim

    /// The L1 penalties of levels: each on the latents up to its own.
    let levelPenalties (coefficients: float list) =
        coefficients
        |> List.mapi (fun m coefficient ->
            let lambda = new DeviceArray<float>(gpu, latents)
            let isOuter = m = levels.Count - 1
            let name = if isOuter then LossNames.L1 else LossNames.innerL1 levels.Widths[m]

            let prepare () =
                gpu.Launch(
                    "level_coefficients",
                    (latents + 255) / 256,
                    256,
                    [ reconstruction.Level.Arg
                      Arg.Of latents
                      Arg.Of m
                      Arg.Of coefficient
                      lambda.Arg ]
                )

            name, DevicePenalty.Weighted lambda, prepare)

    let linear sparsity threshold : ICudaLatents =
        CudaLinearLatents(part, stride, sparsity, threshold)

    let sized penalties =
        linear (SizeCudaSparsity(part, int64 batch * int64 stride, penalties)) none

    let encoder: ICudaLatents =
        match architecture with
        | SaeArchitecture.Standard standard ->
            let penalty = DevicePenalty.Norm(part.Ring.Lambda, standard.LpNorm)
            sized [ LossNames.L1, penalty, ignore ]
        | SaeArchitecture.Matryoshka(_, _, _, { L1Coefficients = _ :: _ as coefficients }) ->
            sized (levelPenalties coefficients)
        | SaeArchitecture.JumpRelu jump ->
            let isLog = not (SparseState.logThreshold architecture host.Parameters |> Array.isEmpty)

            let trained =
                if isLog then new DeviceArray<float32>(gpu, latents) else parameters.Threshold

            let logThreshold = if isLog then parameters.Threshold else none
            let sparsity = JumpCudaSparsity(part, jump, trained, logThreshold)
            linear sparsity sparsity.Theta
        | SaeArchitecture.TopK _
        | SaeArchitecture.AbsTopK _
        | SaeArchitecture.BatchTopK _
        | SaeArchitecture.Matryoshka _ -> linear (NoCudaSparsity part) none
        | SaeArchitecture.Gated _ -> CudaGatedLatents part
        | SaeArchitecture.MatchingPursuit _ -> CudaPursuitLatents(part, stride)

    // ---- after the gradients -----------------------------------------------------------------------

    let adamInput =
        { Step = part.Ring.Step
          Rate = part.Ring.Rate
          RootCorrection = part.Ring.RootCorrection
          Norm = norm }

    let update () =
        clip.Norm(gradients, norm)
        clip.Run(adamInput, gradients, moments, parameters, norms, encoder.Low)

        if isUnit then
            UnitRowsCuda.normalise gpu parameters.Decoder norms

        encoder.Refresh()

    let age () =
        gpu.Launch(
            "latents_age",
            (latents + 255) / 256,
            256,
            [ fires.Arg; Arg.Of latents; since.Arg ]
        )

    /// What follows from the parameters as they stand on the device.
    let refresh () =
        UnitRowsCuda.norms gpu parameters.Decoder norms

        encoder.Restart()
        encoder.Refresh()

    do refresh ()

    /// What the host says and hears.
    member _.Ring = part.Ring

    /// Names of the terms of the loss.
    member _.Terms = terms.Names

    /// (L): steps since each latent last fired.
    member _.StepsSinceFired = since

    /// Multiply all inputs with this.
    member _.ScaleInputs(scale: float) = inputs.Multiply scale

    /// One step on x (B, D), as the ring has scheduled it; with AuxK unless the caller knows that no latent is dead.
    member _.Run(x: DeviceMatrix, revives: bool) =
        part.Revives <- revives
        part.Ring.Begin()
        part.FindDead(new DeviceArray<int>(gpu, 0), 0, part.Dead)
        let struct (input, target) = inputs.Read x
        encoder.Forward input
        encoder.Count fires
        reconstruction.Run(encoder.Codes, target, fires)
        encoder.Backward(input, reconstruction)

        if isUnit then
            UnitRowsCuda.project gpu parameters.Decoder gradients.Decoder

        update ()
        age ()

        part.Ring.End(
            encoder.Codes.Count,
            norm,
            encoder.Smallest,
            encoder.FirstSmallest,
            part.Dead,
            terms.Values
        )

    /// Forget the losses of dead latents: they are not written in steps without AuxK.
    member _.ClearTerms() = terms.Values.Clear()

    /// How often latents fire.
    member _.Frequencies() =
        FiringFrequencies(frequencies.Download(), reconstruction.Batches.Download()[0])

    /// The SAE as it is now, on scaled inputs; until the next call.
    member _.Download() : Sae =
        DeviceParameters.download host.Parameters parameters

        match mirror.Activation, SparseState.logThreshold architecture host.Parameters with
        | Activation.JumpRelu threshold, logThreshold when logThreshold.Length > 0 ->
            logThreshold |> Array.iteri (fun j value -> threshold[j] <- MathF.Exp value)
        | _ -> ()

        mirror

    /// Everything that Adam changes, until the next call.
    member _.DownloadState() : SparseState =
        (host.Parts, [ parameters; moments.Mean; moments.Square ])
        ||> List.iter2 DeviceParameters.download

        host

    /// Go on from here.
    member _.Upload(state: SparseState, sinceFired: int[], newFrequencies: FiringFrequencies) =
        (state.Parts, [ parameters; moments.Mean; moments.Square ])
        ||> List.iter2 DeviceParameters.write

        since.Upload sinceFired
        frequencies.Upload newFrequencies.Shares
        reconstruction.Batches.Upload [| newFrequencies.Batches |]
        refresh ()
