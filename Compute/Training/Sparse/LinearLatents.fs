namespace SynthSae.Compute.Training

open SynthSae.Compute
open SynthSae.Compute.Ops
open SynthSae.Spec

/// Latents that a selection takes from pre-activations, with their sparsity loss and AuxK: all architectures but
/// the gated one and matching pursuit. `norms` (L) are the decoder's, kept up to date by the step.
[<Sealed>]
type LinearLatents
    (threads: int, spec: SaeSpec, sae: Sae, norms: float32[], sparsity: ISparsity, times: StepTimes)
    =
    let scale = if sae.Activation.Rescales then norms else [||]
    let encoder = LinearEncoder(threads, sae, times)
    let revival = Revival(threads, spec, sae)

    interface ILatents with
        member _.Forward(x, settings, codes) =
            encoder.Forward(x, settings, scale, codes)

        member _.FirstSmallest = encoder.FirstSmallest

        member _.Backward(x, codes, settings, reconstruction, gradients) =
            let factor = 2.0f / float32 x.Rows
            let slopes = sparsity.Before(codes, encoder.Pre, settings)

            encoder.Backward(
                slopes.Entries,
                slopes.Gate,
                slopes.Extra,
                reconstruction.Seen,
                reconstruction.Level,
                factor,
                gradients
            )

            let more = sparsity.After(encoder, settings, gradients)

            let revived =
                let dead = LatentParts.indices settings.Dead
                revival.Run(x, encoder, reconstruction, scale, dead, gradients)

            let refined = encoder.BackwardRefinement(codes, revived, gradients)

            LatentGradientsCpu.decoderBias
                threads
                sae
                x.Rows
                (struct (reconstruction.Seen, float factor) :: revival.Outputs revived @ refined)
                gradients.EncoderBias
                gradients.DecoderBias

            [ yield! slopes.Terms
              yield! more
              if spec.Architecture.AuxK.IsSome then
                  LossNames.Auxiliary, revived |> List.sumBy (fun (_, result) -> result.Loss) ]

        member _.Refresh() = sparsity.Refresh()
