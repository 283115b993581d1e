namespace SynthSae.Compute.Training

open SynthSae.Compute
open SynthSae.Compute.Ops

/// Seconds that the parts of a step have taken, summed over steps.
type StepTimes =
    {
        /// Centring and the dense product.
        mutable Encode: float
        /// Selection of the codes.
        mutable Select: float
        /// Sparse decode and residual.
        mutable Reconstruct: float
        /// Gradients, AuxK among them.
        mutable Backward: float
        /// Norm, clip and Adam.
        mutable Update: float
    }

    static member Zero =
        { Encode = 0.0
          Select = 0.0
          Reconstruct = 0.0
          Backward = 0.0
          Update = 0.0 }

/// One training step with sparse codes behind the encoder (DESIGN: sparse backward, fused optimiser), on the
/// SIMD ops. It computes what `DenseStep` defines. Parameters and moments are updated in place.
[<Sealed>]
type SparseStep(threads: int, sae: Sae, auxCoefficient: float, adam: AdamSettings) =
    let latents, dim = sae.Latents, sae.Dim
    let selector = SelectCpu threads
    let codes = Codes latents
    let lists = LatentLists()
    let gradients = LatentGradients.create latents dim
    let moments = ClipAdam.create latents dim
    let norms = Select.norms sae
    let scale = if sae.Activation.Rescales then norms else [||]
    let times = StepTimes.Zero

    let mutable buffers =
        {| Centred = Matrix(0, dim)
           Pre = Matrix(0, latents)
           Error = Matrix(0, dim)
           Squares = [||] |}

    let mutable steps = 0L

    let reserve rows =
        if buffers.Pre.Rows <> rows then
            buffers <-
                {| Centred = Matrix(rows, dim)
                   Pre = Matrix(rows, latents)
                   Error = Matrix(rows, dim)
                   Squares = Array.zeroCreate<float> rows |}

    let timed (add: float -> unit) work =
        let start = System.Diagnostics.Stopwatch.GetTimestamp()
        let result = work ()
        add (System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds)
        result

    /// The SAE that is trained; its arrays change with every step.
    member _.Sae = sae

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

    /// Losses and gradients of a batch x (B, D); `dead` lists the dead latents in ascending order.
    /// Returns mse, auxiliary loss, and the smallest compared value that was kept (0 if none).
    member _.Differentiate(x: Matrix, dead: int[]) : struct (float * float * float32) =
        reserve x.Rows
        let pre, error, squares = buffers.Pre, buffers.Error, buffers.Squares

        let centred =
            timed (fun s -> times.Encode <- times.Encode + s) (fun () ->
                let centred = EncodeCpu.centre threads sae x buffers.Centred
                EncodeCpu.runCentred threads sae centred pre
                centred)

        let smallest =
            timed (fun s -> times.Select <- times.Select + s) (fun () ->
                selector.Run(sae, scale, pre, codes))

        timed (fun s -> times.Reconstruct <- times.Reconstruct + s) (fun () ->
            DecodeCodesCpu.run threads codes sae.Decoder sae.DecoderBias error
            ResidualCpu.run threads x error squares)

        timed (fun s -> times.Backward <- times.Backward + s) (fun () ->
            let factor = 2.0f / float32 x.Rows
            lists.Fill codes
            LatentGradientsCpu.run threads sae centred lists error factor gradients

            let auxiliary =
                if dead.Length = 0 || auxCoefficient = 0.0 then
                    0.0
                else
                    AuxKCpu.run threads auxCoefficient sae centred pre scale error dead gradients

            LatentGradientsCpu.decoderBias threads sae error factor gradients
            struct (Residual.meanSquare squares x.Rows, auxiliary, smallest))

    /// Clip and apply the last gradients with Adam at a learning rate. Returns their norm before clipping.
    member _.Update(lr: float) : float =
        timed (fun s -> times.Update <- times.Update + s) (fun () ->
            steps <- steps + 1L
            let norm = ClipAdamCpu.norm threads gradients

            ClipAdamCpu.run
                threads
                (ClipAdam.factors adam steps lr norm)
                gradients
                moments
                sae
                norms

            norm)
