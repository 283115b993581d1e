namespace SynthSae.Compute.Training

open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops
open SynthSae.Spec

/// Some of the dead latents, and the loss that gives them a gradient.
type private RevivedGroup =
    {
        Kernels: AuxKCuda
        Dead: DeviceLatents
        /// The level they belong to; −1 for all of them.
        Level: int
        Loss: DeviceScalar<float>
        /// Their slopes by entry, where these are wanted.
        Slopes: DeviceArray<float32>
    }

/// AuxK on the dead latents on a GPU: once, or for each Matryoshka level against its own error (see `Revival`).
[<Sealed>]
type CudaRevival
    (
        part: CudaPart,
        encoder: CudaEncoder,
        select: SelectCuda,
        scale: DeviceArray<float32>,
        wantsSlopes: bool
    ) =
    let gpu, batch, dim, latents = part.Gpu, part.Batch, part.Dim, part.Latents
    let architecture = part.Plan.Sae.Architecture
    let levels = LevelPlan.ofArchitecture latents architecture
    let isAbsolute = architecture.IsAbsTopK

    let groups =
        match architecture.AuxK with
        | None -> []
        | Some auxK ->
            let scratch = AuxKScratch(gpu, batch, latents, dim)

            let group level dead =
                let kernels = AuxKCuda(gpu, auxK, batch, latents, dim, scratch)

                { Kernels = kernels
                  Dead = dead
                  Level = level
                  Loss = part.Terms.Add LossNames.Auxiliary
                  Slopes =
                    new DeviceArray<float32>(
                        gpu,
                        if wantsSlopes then kernels.Codes.Capacity else 0L
                    ) }

            if levels.RevivesPerLevel then
                [ for level in 0 .. levels.Count - 1 -> group level (DeviceLatents.none gpu latents) ]
            else
                [ group -1 part.Dead ]

    let usesBias = architecture.AuxK |> Option.exists _.DecoderBias
    let active () = if part.Revives then groups else []

    /// How many losses there are.
    member _.Groups = groups.Length

    /// What each group of the dead latents adds to the gradients of encoder, decoder and encoder bias. `x` is the batch,
    /// `input` what the encoder read.
    member _.Run(x: DeviceMatrix, input: DeviceMatrix, reconstruction: CudaReconstruction) =
        for group in active () do
            if group.Level >= 0 then
                part.FindDead(reconstruction.Level, group.Level, group.Dead)

            select.Among(
                encoder.Pre,
                scale,
                isAbsolute,
                group.Dead.Indices,
                group.Dead.Count,
                group.Kernels.Limit,
                group.Kernels.Codes
            )

            let firstRow = if group.Level >= 0 then group.Level * batch else reconstruction.OuterRow

            group.Kernels.Run(
                x,
                input,
                part.Parameters.Decoder,
                part.Parameters.DecoderBias,
                reconstruction.Errors,
                firstRow,
                group.Dead.Indices,
                group.Dead.Count,
                part.Gradients,
                group.Loss
            )

            if wantsSlopes then
                group.Kernels.SlopesTo(batch, group.Dead.Indices, group.Dead.Count, group.Slopes)

    /// The dead latents that took part, and their slopes by entry.
    member _.Slopes = [ for group in active () -> group.Kernels.Codes, group.Slopes ]

    /// What b_dec learns from it.
    member _.Outputs: struct (DeviceMatrix * DeviceScalar<float32>) list =
        if usesBias then
            [ for group in active () -> struct (group.Kernels.Error, group.Kernels.Factor) ]
        else
            []
