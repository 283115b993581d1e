namespace SynthSae.Compute.Training

open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops
open SynthSae.Spec

/// The loss that makes the latents of an encoder with a selection rare or small, on a GPU (see `ISparsity`).
type ICudaSparsity =
    /// The entries of a batch that learn: its codes, or more. Found from the pre-activations (B, L).
    abstract Entries: codes: DeviceCodes * pre: DeviceMatrix -> DeviceCodes

    /// Before the backward pass of these entries.
    abstract Before: codes: DeviceCodes * lists: DeviceLists -> unit

    /// By entry, as `LatentLists.Fill` takes them; empty for 1.
    abstract Gate: DeviceArray<float32>

    /// The same; empty for 0.
    abstract Extra: DeviceArray<float32>

    /// By entry: where the gradients by the codes are wanted; empty where they are not.
    abstract ByCode: DeviceArray<float32>

    /// After it, once encoder, decoder and encoder bias are written: adds what else there is to learn. `input` is what the
    /// encoder read.
    abstract After: input: DeviceMatrix * pre: DeviceMatrix * lists: DeviceLists -> unit

    /// After the parameters have changed.
    abstract Refresh: unit -> unit

/// No such loss: the selection alone decides.
[<Sealed>]
type NoCudaSparsity(part: CudaPart) =
    interface ICudaSparsity with
        member _.Entries(codes, _) = codes
        member _.Before(_, _) = ()
        member _.Gate = part.None
        member _.Extra = part.None
        member _.ByCode = part.None
        member _.After(_, _, _) = ()
        member _.Refresh() = ()

/// Penalties on the sizes of latents (Standard; the levels of Matryoshka). Each is made ready before it is used.
[<Sealed>]
type SizeCudaSparsity
    (part: CudaPart, capacity: int64, penalties: (string * DevicePenalty * (unit -> unit)) list) =
    let gpu = part.Gpu
    let penalty = SizePenaltyCuda(gpu, part.Batch, capacity)
    let extra = new DeviceArray<float32>(gpu, capacity)
    let byNorm = new DeviceArray<float32>(gpu, part.Latents)

    let penalties =
        penalties
        |> List.map (fun (name, penalty, prepare) -> part.Terms.Add name, penalty, prepare)

    interface ICudaSparsity with
        member _.Entries(codes, _) = codes

        member _.Before(codes, lists) =
            penalties
            |> List.iteri (fun i (loss, kind, prepare) ->
                prepare ()

                penalty.Run(
                    kind,
                    part.Batch,
                    part.Norms,
                    codes,
                    lists,
                    (i = 0),
                    extra,
                    byNorm,
                    loss
                ))

        member _.Gate = part.None
        member _.Extra = extra
        member _.ByCode = part.None

        member _.After(_, _, _) =
            UnitRowsCuda.throughNorms
                gpu
                part.Parameters.Decoder
                part.Norms
                byNorm
                part.Gradients.Decoder

        member _.Refresh() = ()

/// The losses of a JumpReLU SAE, and its thresholds. `trained` (L) is θ, `logThreshold` (L) what is trained in its
/// place, or empty.
[<Sealed>]
type JumpCudaSparsity
    (
        part: CudaPart,
        jump: JumpRelu,
        trained: DeviceArray<float32>,
        logThreshold: DeviceArray<float32>
    ) =
    let gpu = part.Gpu
    let entries = DeviceCodes(gpu, part.Latents, part.Batch, part.Latents)
    let near = new DeviceArray<float32>(gpu, entries.Capacity)
    let byCode = new DeviceArray<float32>(gpu, entries.Capacity)
    let kernels = JumpReluCuda(gpu, jump, entries, trained, logThreshold)
    let loss = part.Terms.Add LossNames.L0

    let preActLoss =
        match jump.PreActLossCoefficient with
        | Some _ -> part.Terms.Add LossNames.PreAct
        | None -> loss

    /// (L): the thresholds that fire.
    member _.Theta = kernels.Theta

    interface ICudaSparsity with
        member _.Entries(_, pre) =
            let bandwidth = float32 jump.Bandwidth
            NearThresholdCuda.run gpu bandwidth kernels.Theta pre entries near
            entries

        member _.Before(codes, lists) =
            kernels.Before(
                part.Batch,
                codes,
                lists,
                near,
                part.Norms,
                part.Ring.Lambda,
                part.Ring.TargetL0,
                loss
            )

        member _.Gate = kernels.Gate
        member _.Extra = kernels.Extra
        member _.ByCode = byCode

        member _.After(input, pre, lists) =
            kernels.After(
                lists,
                near,
                byCode,
                input,
                pre,
                part.Parameters.Decoder,
                part.Norms,
                part.Dead.Indices,
                part.Dead.Count,
                part.Gradients,
                preActLoss
            )

        member _.Refresh() = kernels.Refresh()
