namespace SynthSae.Compute.Training

open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops
open SynthSae.Spec

/// `JumpSparsity` on a GPU: the losses of a JumpReLU SAE and what its thresholds learn, for batches of at most so many
/// rows whose entries have the room of `entries`: the codes and all within the rectangle. `trained` (L) is θ itself,
/// `logThreshold` (L) what is trained in its place, or empty.
[<Sealed>]
type JumpReluCuda
    (
        gpu: Gpu,
        jump: JumpRelu,
        entries: DeviceCodes,
        trained: DeviceArray<float32>,
        logThreshold: DeviceArray<float32>
    ) =
    let latents = entries.Width
    let vector () = new DeviceArray<float32>(gpu, latents)

    let byEntry () =
        new DeviceArray<float32>(gpu, entries.Capacity)

    let theta, byNorm = vector (), vector ()
    let gate, extra = byEntry (), byEntry ()
    let byStep = new DeviceArray<float>(gpu, 1)
    let bandwidth = float32 jump.Bandwidth

    let penalty =
        match jump.Sparsity with
        | JumpReluSparsity.Tanh scale ->
            Some(struct (scale, SizePenaltyCuda(gpu, entries.Rows, entries.Capacity)))
        | _ -> None

    let byValue = if penalty.IsSome then byEntry () else new DeviceArray<float32>(gpu, 0)

    let preAct =
        jump.PreActLossCoefficient
        |> Option.map (fun coefficient ->
            struct (coefficient, PreActLossCuda(gpu, entries.Rows, latents)))

    let isLog = Arg.Of(if logThreshold.IsEmpty then 0 else 1)

    let mode =
        match jump.Sparsity with
        | JumpReluSparsity.Step -> 0
        | JumpReluSparsity.Quadratic -> 1
        | JumpReluSparsity.Tanh _ -> 2

    let thresholds
        (lists: DeviceLists)
        (near: DeviceArray<float32>)
        (byCode: DeviceArray<float32>)
        gradient
        =
        Launches.warps
            gpu
            "jump_thresholds"
            latents
            [ lists.Start.Arg
              lists.Entry.Arg
              near.Arg
              byCode.Arg
              byValue.Arg
              theta.Arg
              trained.Arg
              Arg.Of jump.Bandwidth
              byStep.Arg
              Arg.Of(if preAct.IsNone then 1 else 0)
              isLog
              (gradient: DeviceArray<float32>).Arg
              Arg.Of latents ]

    let toTrained (gradient: DeviceArray<float32>) =
        Launches.threads
            gpu
            "jump_trained"
            latents
            [ isLog; trained.Arg; theta.Arg; gradient.Arg; Arg.Of latents ]

    /// (L): the thresholds that fire, at least 0.
    member _.Theta = theta

    /// By entry: as `LatentLists.Fill` takes them, after `Before`.
    member _.Gate = gate

    /// By entry: as `LatentLists.Fill` takes them, after `Before`.
    member _.Extra = extra

    /// After the parameters have changed. One launch.
    member _.Refresh() =
        Launches.threads
            gpu
            "jump_refresh"
            latents
            [ logThreshold.Arg; trained.Arg; theta.Arg; Arg.Of latents ]

    /// Before the backward pass: the loss of the first `rows` rows to `loss`, and the slopes of the entries to `Gate` and
    /// `Extra`. `codes` are those that fire, `lists` those of the entries, `near` is what `NearThreshold` says of them;
    /// `targetL0` is read where the loss is quadratic. Two launches; four with the loss by tanh.
    member _.Before
        (
            rows: int,
            codes: DeviceCodes,
            lists: DeviceLists,
            near: DeviceArray<float32>,
            norms: DeviceArray<float32>,
            lambda: DeviceScalar<float>,
            targetL0: DeviceScalar<float>,
            loss: DeviceScalar<float>
        ) =
        match penalty with
        | Some(struct (scale, penalty)) ->
            let tanh = DevicePenalty.Tanh(lambda, scale)
            penalty.Run(tanh, rows, norms, entries, lists, true, byValue, byNorm, loss)
        | None -> ()

        gpu.Launch(
            "jump_count",
            1,
            1024,
            [ Arg.Of mode
              codes.Count.Arg
              Arg.Of rows
              Arg.Of jump.Bandwidth
              lambda.Arg
              targetL0.Arg
              byStep.Arg
              loss.Arg ]
        )

        Launches.blocks
            gpu
            "jump_slopes"
            rows
            256
            [ Arg.Of(if jump.StraightThrough then 1 else 0)
              entries.Count.Arg
              entries.Index.Arg
              entries.Value.Arg
              Arg.Of entries.Stride
              near.Arg
              byValue.Arg
              theta.Arg
              Arg.Of bandwidth
              byStep.Arg
              gate.Arg
              extra.Arg ]

    /// After it, once encoder, decoder and encoder bias are written: adds what else there is to learn. `byCode` (by
    /// entry) are the gradients by the codes; `input` (B, D) is what the encoder read, `pre` (B, L) what it made of it;
    /// the first `deadCount` of `dead` are the dead latents; `preActLoss` is written where there is such a loss. One
    /// launch; with the loss of dead latents four and a clearing, one more with either that or the loss by tanh.
    member _.After
        (
            lists: DeviceLists,
            near: DeviceArray<float32>,
            byCode: DeviceArray<float32>,
            input: DeviceMatrix,
            pre: DeviceMatrix,
            decoder: DeviceMatrix,
            norms: DeviceArray<float32>,
            dead: DeviceArray<int>,
            deadCount: DeviceScalar<int>,
            gradients: DeviceParameters,
            preActLoss: DeviceScalar<float>
        ) =
        thresholds lists near byCode gradients.Threshold

        match preAct with
        | Some(struct (coefficient, preAct)) ->
            if penalty.IsNone then
                byNorm.Clear()

            preAct.Run(
                coefficient,
                input,
                pre,
                theta,
                norms,
                dead,
                deadCount,
                gradients,
                byNorm,
                preActLoss
            )

            toTrained gradients.Threshold
        | None -> ()

        if penalty.IsSome || preAct.IsSome then
            UnitRowsCuda.throughNorms gpu decoder norms byNorm gradients.Decoder
