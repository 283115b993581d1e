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
    do
        let refuse what =
            raise (BadInput("sae.architecture", $"{what} cannot be trained yet"))

        match spec.Architecture with
        | SaeArchitecture.Standard _
        | SaeArchitecture.JumpRelu _
        | SaeArchitecture.Gated _
        | SaeArchitecture.MatchingPursuit _ -> refuse "this architecture"
        | SaeArchitecture.Matryoshka(_, _, _, { L1Coefficients = _ :: _ }) -> refuse "L1 levels"
        | _ -> ()

    let latents, dim = sae.Latents, sae.Dim
    let times = StepTimes.Zero
    let parameters = Parameters.ofSae [||] sae
    let gradients = Parameters.zeros parameters
    let moments = ClipAdam.create parameters
    let codes = Codes latents
    let norms = Select.norms sae
    let scale = if sae.Activation.Rescales then norms else [||]
    let encoder = LinearLatents(threads, sae, times)
    let reconstruction = Reconstruction(threads, spec, sae)
    let revival = Revival(threads, spec, sae)
    let isUnit = spec.DecoderNorm = DecoderNorm.Unit
    let scaling = sae.Scaling

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

    let deadIndices (dead: bool[]) =
        if Array.contains true dead then
            [| 0 .. latents - 1 |] |> Array.filter (Array.get dead)
        else
            [||]

    let backward (x: Matrix) (settings: StepSettings) =
        let factor = 2.0f / float32 x.Rows

        encoder.Backward(
            codes,
            [||],
            [||],
            reconstruction.Seen,
            reconstruction.Level,
            factor,
            gradients
        )

        let revived =
            let dead = deadIndices settings.Dead
            revival.Run(x, encoder, reconstruction, scale, dead, gradients)

        let refined = encoder.BackwardRefinement(codes, revived, gradients)

        LatentGradientsCpu.decoderBias
            threads
            sae
            x.Rows
            (struct (reconstruction.Seen, float factor) :: revival.Outputs revived @ refined)
            gradients.EncoderBias
            gradients.DecoderBias

        if isUnit then
            UnitRowsCpu.project threads sae.Decoder gradients.Decoder

        [ if spec.Architecture.AuxK.IsSome then
              LossNames.Auxiliary, revived |> List.sumBy (fun (_, result) -> result.Loss) ]

    /// The SAE that is trained; its arrays change with every step.
    member _.Sae = sae

    /// What is trained of it.
    member _.Parameters = parameters

    /// Adam's moments.
    member _.Moments = moments

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

    /// Losses and gradients of a batch x (B, D).
    member _.Differentiate(x: Matrix, settings: StepSettings) : StepLosses =
        let input = scaleInput x
        let smallest = encoder.Forward(input, settings.K, scale, codes)

        let losses =
            StepTimes.reconstruct times (fun () ->
                let target = InputScale.target scaling x shifts factors input
                reconstruction.Run(codes, target, settings.Frequencies, factors))

        let auxiliary = StepTimes.backward times (fun () -> backward input settings)

        { Terms = losses @ auxiliary
          Smallest = float smallest
          FirstSmallest = float encoder.FirstSmallest }

    /// Clip and apply the last gradients with Adam at a learning rate. Returns their norm before clipping.
    member _.Update(lr: float) : float =
        StepTimes.update times (fun () ->
            steps <- steps + 1L
            let norm = ClipAdamCpu.norm threads gradients
            let step = ClipAdam.factors adam steps lr norm
            ClipAdamCpu.run threads step gradients moments parameters norms

            if isUnit then
                UnitRowsCpu.normalise threads sae.Decoder
                Array.blit (Select.norms sae) 0 norms 0 latents

            norm)
