namespace SynthSae.Compute.Training

open SynthSae.Compute
open SynthSae.Compute.Ops
open SynthSae.Spec

/// AuxK on the dead latents: once, or for each Matryoshka level against its own error.
[<Sealed>]
type Revival(threads: int, spec: SaeSpec, sae: Sae) =
    let auxK = spec.Architecture.AuxK

    let perLevel = (LevelPlan.ofArchitecture sae.Latents spec.Architecture).RevivesPerLevel

    let weight (auxK: AuxK) (x: Matrix) (errors: Matrix) firstRow (dead: int[]) =
        match auxK.Normalization with
        | AuxKNormalization.Raw -> AuxK.weight auxK.Coefficient sae.Dim dead.Length
        | AuxKNormalization.Variance ->
            AuxK.varianceWeight
                auxK.Coefficient
                (TotalVariance.ofBatch x)
                (TotalVariance.ofRows errors firstRow x.Rows)

    let groups (reconstruction: Reconstruction) (dead: int[]) =
        if perLevel then
            dead
            |> Array.groupBy (Array.get reconstruction.Level)
            |> Array.map (fun (level, dead) -> reconstruction.FirstRow level, dead)
        else
            [| reconstruction.OuterRow, dead |]

    /// What each group of the dead latents (ascending) adds to the gradients of encoder, decoder and encoder bias.
    member _.Run
        (
            x: Matrix,
            encoder: LinearEncoder,
            reconstruction: Reconstruction,
            scale: float32[],
            dead: int[],
            gradients: Parameters
        ) : (int[] * AuxKResult) list =
        match auxK with
        | Some auxK when dead.Length > 0 ->
            [ for firstRow, dead in groups reconstruction dead do
                  let weight = weight auxK x reconstruction.Errors firstRow dead

                  if weight > 0.0 then
                      let result =
                          AuxKCpu.run
                              threads
                              weight
                              (if auxK.DecoderBias then sae.DecoderBias else [||])
                              sae
                              encoder.Input
                              encoder.Pre
                              scale
                              reconstruction.Errors
                              firstRow
                              dead
                              gradients

                      dead, result ]
        | _ -> []

    /// What b_dec learns from it.
    member _.Outputs(results: (int[] * AuxKResult) list) : struct (Matrix * float) list =
        match auxK with
        | Some auxK when auxK.DecoderBias ->
            [ for _, result in results -> struct (result.Error, result.Factor) ]
        | _ -> []
