namespace SynthSae.Compute.Training

open SynthSae.Compute
open SynthSae.Compute.Ops
open SynthSae.Spec

/// What a batch says before the update.
type StepLosses =
    {
        /// The terms of the loss by the reference's names; their sum is the loss.
        Terms: (string * float) list
        /// The least compared value that BatchTopK kept, 0 if none.
        Smallest: float
        /// The same of the first selection, where the encoder refines.
        FirstSmallest: float
    }

    /// A term; 0 where there is none of that name.
    member losses.Item
        with get name =
            losses.Terms |> List.sumBy (fun (n, value) -> if n = name then value else 0.0)

/// One training step with sparse codes behind the encoder (DESIGN: sparse backward, fused optimiser), on the
/// SIMD ops. It computes what `DenseStep` defines. Parameters and moments are updated in place.
[<Sealed>]
type SparseStep(threads: int, spec: SaeSpec, sae: Sae, adam: AdamSettings) =
    let latents, dim = sae.Latents, sae.Dim
    let times = StepTimes.Zero

    let parameters = SparseState.parameters spec.Architecture sae
    let gradients = Parameters.zeros parameters
    let moments = ClipAdam.create parameters
    let codes = Codes latents
    let norms = Select.norms sae
    let reconstruction = Reconstruction(threads, spec, sae)
    let isUnit = spec.DecoderNorm = DecoderNorm.Unit
    let scaling = sae.Scaling

    /// The L1 penalties of levels: each on the latents up to its own.
    let levelPenalties (coefficients: float list) _ =
        let widths = reconstruction.Widths

        coefficients
        |> List.mapi (fun l coefficient ->
            let isIn j =
                reconstruction.Level.Length = 0 || reconstruction.Level[j] <= l

            let name = if l = widths.Length - 1 then LossNames.L1 else LossNames.innerL1 widths[l]

            name,
            Penalty.Weighted(Array.init latents (fun j -> if isIn j then coefficient else 0.0)))

    let linear sparsity =
        LinearLatents(threads, spec, sae, norms, sparsity, times) :> ILatents

    let encoder =
        match spec.Architecture with
        | SaeArchitecture.Standard standard ->
            linear (
                SizeSparsity(
                    threads,
                    sae,
                    norms,
                    fun settings ->
                        [ LossNames.L1, Penalty.Norm(settings.Coefficient, standard.LpNorm) ]
                )
            )
        | SaeArchitecture.JumpRelu jump ->
            linear (
                JumpSparsity(
                    threads,
                    jump,
                    sae,
                    norms,
                    SparseState.logThreshold spec.Architecture parameters
                )
            )
        | SaeArchitecture.Matryoshka(_, _, _, { L1Coefficients = _ :: _ as coefficients }) ->
            linear (SizeSparsity(threads, sae, norms, levelPenalties coefficients))
        | SaeArchitecture.TopK _
        | SaeArchitecture.AbsTopK _
        | SaeArchitecture.BatchTopK _
        | SaeArchitecture.Matryoshka _ -> linear (NoSparsity())
        | SaeArchitecture.Gated _ -> GatedLatents(threads, sae, norms, times)
        | SaeArchitecture.MatchingPursuit _ -> PursuitLatents(threads, sae, times)

    let mutable scaled = Matrix(0, dim)
    let mutable shifts: float32[] = [||]
    let mutable factors: float32[] = [||]
    let mutable steps = 0L

    let scaleInput (x: Matrix) =
        if scaling = InputScaling.None then
            x
        else
            if scaled.Rows <> x.Rows then
                scaled <- Matrix(x.Rows, dim)
                shifts <- Array.zeroCreate x.Rows
                factors <- Array.zeroCreate x.Rows

            InputScale.apply scaling x scaled shifts factors
            scaled

    /// After the parameters have changed.
    let refresh () =
        if isUnit then
            UnitRowsCpu.normalise threads sae.Decoder
            Array.blit (Select.norms sae) 0 norms 0 latents

        encoder.Refresh()

    /// The SAE that is trained; its arrays change with every step.
    member _.Sae = sae

    /// What is trained of it.
    member _.Parameters = parameters

    /// Adam's moments.
    member _.Moments = moments

    /// What the step changes.
    member _.State = { Parameters = parameters; Moments = moments }

    /// Steps done.
    member _.Steps = steps

    /// Codes of the last batch.
    member _.Codes = codes

    /// Gradients of the last batch, before clipping.
    member _.Gradients = gradients

    /// Time spent so far.
    member _.Times = times

    /// Go on with the parameters and moments as they stand in the arrays, after so many steps.
    member _.Continue(taken: int64) =
        steps <- taken
        Array.blit (Select.norms sae) 0 norms 0 latents
        encoder.Refresh()

    /// Losses and gradients of a batch x (B, D).
    member _.Differentiate(x: Matrix, settings: StepSettings) : StepLosses =
        let input = scaleInput x
        let smallest = encoder.Forward(input, settings, codes)

        let errors =
            StepTimes.reconstruct times (fun () ->
                let target = InputScale.target scaling x shifts factors input
                reconstruction.Run(codes, target, settings.Frequencies, factors))

        let others =
            StepTimes.backward times (fun () ->
                let terms = encoder.Backward(input, codes, settings, reconstruction, gradients)

                if isUnit then
                    UnitRowsCpu.project threads sae.Decoder gradients.Decoder

                terms)

        { Terms = errors @ others
          Smallest = float smallest
          FirstSmallest = float encoder.FirstSmallest }

    /// Clip and apply the last gradients with Adam at a learning rate. Returns their norm before clipping.
    member _.Update(lr: float) : float =
        StepTimes.update times (fun () ->
            steps <- steps + 1L
            let norm = ClipAdamCpu.norm threads gradients
            let step = ClipAdam.factors adam steps lr norm
            ClipAdamCpu.run threads step gradients moments parameters norms

            refresh ()
            norm)
