namespace SynthSae.Compute.Training

open SynthSae.Compute
open SynthSae.Compute.Ops
open SynthSae.Spec

/// What a sparsity loss brings to the backward pass of a batch's latents.
type EntrySlopes =
    {
        /// The entries that learn: the codes, or more.
        Entries: Codes
        /// As `LatentLists.Fill` takes them.
        Gate: float32[]
        Extra: float32[]
        Terms: (string * float) list
    }

/// The loss that makes the latents of an encoder with a selection rare or small.
type ISparsity =
    /// Before the backward pass of latents with these pre-activations (B, L).
    abstract Before: codes: Codes * pre: Matrix * settings: StepSettings -> EntrySlopes

    /// After it, once encoder, decoder and encoder bias are written: adds what else there is to learn.
    abstract After:
        encoder: LinearEncoder * settings: StepSettings * gradients: Parameters ->
            (string * float) list

    /// After the parameters have changed.
    abstract Refresh: unit -> unit

/// No such loss: the selection alone decides.
type NoSparsity() =
    interface ISparsity with
        member _.Before(codes, _, _) =
            { Entries = codes; Gate = [||]; Extra = [||]; Terms = [] }

        member _.After(_, _, _) = []
        member _.Refresh() = ()

/// Penalties on the sizes of latents (Standard; the levels of Matryoshka).
[<Sealed>]
type SizeSparsity
    (threads: int, sae: Sae, norms: float32[], penalties: StepSettings -> (string * Penalty) list) =
    let byNorm: float32[] = Array.zeroCreate sae.Latents
    let mutable extra: float32[] = [||]

    interface ISparsity with
        member _.Before(codes, _, settings) =
            LatentParts.cleared &extra codes.Count
            System.Array.Clear byNorm

            let terms =
                penalties settings
                |> List.map (fun (name, penalty) ->
                    name, SizePenaltyCpu.run threads penalty norms codes extra byNorm)

            { Entries = codes
              Gate = [||]
              Extra = extra
              Terms = terms }

        member _.After(_, _, gradients) =
            LatentParts.throughNorms threads sae norms byNorm gradients.Decoder
            []

        member _.Refresh() = ()

/// The losses of a JumpReLU SAE, and its thresholds, which learn from the entries around them (REFERENCE §9.6).
/// `logThreshold` is what is trained in the place of θ; empty to train θ.
[<Sealed>]
type JumpSparsity(threads: int, jump: JumpRelu, sae: Sae, norms: float32[], logThreshold: float32[])
    =
    let latents = sae.Latents

    let trained =
        match sae.Activation with
        | Activation.JumpRelu threshold -> threshold
        | _ -> invalidArg (nameof sae) "is no JumpReLU SAE"

    let theta: float32[] = Array.zeroCreate latents
    let bandwidth = float32 jump.Bandwidth
    let entries = Codes latents
    let byNorm: float32[] = Array.zeroCreate latents
    let mutable gate: float32[] = [||]
    let mutable byValue: float32[] = [||]
    let mutable extra: float32[] = [||]
    let mutable near: float32[] = [||]
    let mutable byStep = 0.0

    let refresh () =
        if logThreshold.Length > 0 then
            for j in 0 .. latents - 1 do
                trained[j] <- System.MathF.Exp logThreshold[j]

        for j in 0 .. latents - 1 do
            theta[j] <- max 0.0f trained[j]

    do refresh ()

    /// The loss of the L0 or of what stands for it; sets the slopes by values and by the step function.
    let count (codes: Codes) (settings: StepSettings) =
        let lambda, l0 = settings.Coefficient, float codes.Count / float codes.Rows
        let perEntry = float codes.Rows * jump.Bandwidth
        byStep <- 0.0

        match jump.Sparsity with
        | JumpReluSparsity.Step ->
            byStep <- lambda / perEntry
            lambda * l0
        | JumpReluSparsity.Quadratic ->
            let off = l0 / settings.TargetL0 - 1.0
            byStep <- 2.0 * lambda * off / settings.TargetL0 / perEntry
            lambda * off * off
        | JumpReluSparsity.Tanh scale ->
            let penalty = Penalty.Tanh(lambda, scale)
            SizePenaltyCpu.run threads penalty norms entries byValue byNorm

    /// What the entry's pre-activation learns: all where it fires, the rectangle's share where that is wanted.
    let slopes () =
        for entry in 0 .. entries.Count - 1 do
            let fires = if entries.Value[entry] <> 0.0f then 1.0f else 0.0f

            if jump.StraightThrough then
                let height = near[entry] * theta[entries.Index[entry]] / bandwidth
                gate[entry] <- fires + height
                extra[entry] <- gate[entry] * byValue[entry] + near[entry] * float32 byStep
            else
                gate[entry] <- fires
                extra[entry] <- fires * byValue[entry]

    /// dLoss/dθ of each latent, from its entries in the rectangle.
    let thresholds (lists: LatentLists) (gradient: float32[]) =
        Threads.ranges threads latents 64 (fun _ first last ->
            for j in first .. last - 1 do
                let mutable sum = 0.0

                for place in lists.Start[j] .. lists.Start[j + 1] - 1 do
                    let entry = lists.Origin[place]

                    if near[entry] <> 0.0f then
                        let byLatent = float lists.ByCode[place] + float byValue[entry]
                        sum <- sum - float theta[j] / jump.Bandwidth * byLatent - byStep

                gradient[j] <- float32 sum)

    /// From θ to what is trained: θ = exp(log θ), or relu(θ).
    let toTrained (gradient: float32[]) =
        for j in 0 .. latents - 1 do
            gradient[j] <-
                if logThreshold.Length > 0 then theta[j] * gradient[j]
                elif trained[j] > 0.0f then gradient[j]
                else 0.0f

    interface ISparsity with
        member _.Before(codes, pre, settings) =
            near <- NearThresholdCpu.run threads bandwidth theta pre entries
            LatentParts.cleared &gate entries.Count
            LatentParts.cleared &extra entries.Count
            LatentParts.cleared &byValue entries.Count
            System.Array.Clear byNorm
            let loss = count codes settings
            slopes ()

            { Entries = entries
              Gate = gate
              Extra = extra
              Terms = [ LossNames.L0, loss ] }

        member _.After(encoder, settings, gradients) =
            thresholds encoder.Lists gradients.Threshold

            let terms =
                match jump.PreActLossCoefficient with
                | None -> []
                | Some coefficient ->
                    let dead = LatentParts.indices settings.Dead

                    let loss =
                        if dead.Length = 0 then
                            0.0
                        else
                            PreActLossCpu.run
                                threads
                                coefficient
                                sae
                                encoder.Input
                                encoder.Pre
                                theta
                                norms
                                dead
                                gradients
                                byNorm

                    [ LossNames.PreAct, loss ]

            toTrained gradients.Threshold
            LatentParts.throughNorms threads sae norms byNorm gradients.Decoder
            terms

        member _.Refresh() = refresh ()
