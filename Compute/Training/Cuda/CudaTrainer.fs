namespace SynthSae.Compute.Training

open System
open System.Collections.Generic
open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops
open SynthSae.Spec

/// Trains on a GPU. A step is recorded once and then launched as a whole; the host runs ahead and reads what the steps
/// saw when there is no room for more, or when somebody wants to know. What the next step depends on stays on the
/// device, so that reading it changes nothing.
[<Sealed>]
type internal CudaTrainer(gpu: Gpu, plan: StepPlan, initial: Sae) =
    let training = plan.Training

    let step = CudaStep(gpu, plan, initial, plan.Adam)
    let recorded = Dictionary<struct (uint64 * bool), GpuGraph>()
    let begun = HashSet<struct (uint64 * bool)>()
    let ready = Queue<StepReport>()
    let mutable uploaded: DeviceMatrix = null
    let mutable steps = 0L
    let mutable samples = 0L
    // Steps that were launched and have not been read.
    let mutable pending = 0
    let mutable control = TrainerControl.start
    // The most steps that any latent had not fired for, when the steps that are pending began.
    let mutable oldest = 0
    let mutable revived = false

    /// Terms of the same name are parts of one.
    let losses (seen: DeviceStepReport) =
        let terms = step.Terms

        List.distinct terms
        |> List.map (fun name ->
            let parts = terms |> List.mapi (fun i n -> if n = name then seen.Terms[i] else 0.0)
            name, List.sum parts)

    let report number (seen: DeviceStepReport) : StepReport =
        let now = int number * 1<step>

        if not (Double.IsFinite seen.Norm) then
            raise (plan.Diverged number)

        control <-
            { plan.LearnThresholds(seen.Smallest, seen.FirstSmallest, control) with
                Tuner = seen.Tuner }

        { Step = number
          Samples = samples - (steps - number - 1L) * int64 training.BatchSize
          Losses = losses seen
          L0 = seen.L0
          K = plan.K now
          Coefficient = seen.Lambda
          IsSaturated = plan.IsTuned && Autotuner.isSaturated control.Tuner
          Dead = seen.Dead
          LearningRate = plan.LearningRate now
          GradientNorm = seen.Norm
          Threshold = control.Threshold }

    /// Wait for the steps on their way and learn from what they saw.
    let read () =
        if pending > 0 then
            let first = steps - int64 pending
            let seen = step.Ring.Read pending
            pending <- 0
            oldest <- (Array.last seen).Oldest + 1
            seen |> Array.iteri (fun i seen -> ready.Enqueue(report (first + int64 i) seen))

    let take () =
        let reports = List.ofSeq ready
        ready.Clear()
        reports

    /// Steps that begin now go on from the arrays as they stand on the device.
    let schedule () =
        if pending = 0 then
            step.Ring.Schedule(steps, control.Tuner)

    let onDevice (x: Batch) : DeviceMatrix =
        match x with
        | Batch.Device x -> x
        | Batch.Host x ->
            if isNull uploaded then
                uploaded <- DeviceMatrix(gpu, x.Rows, x.Cols)

            uploaded.Upload x
            uploaded

    /// Whether a latent may be dead in the next step: until then AuxK, which would find nothing to do, is left out.
    let mayRevive () =
        plan.Architecture.AuxK.IsSome && oldest + pending > int training.DeadFeatureWindow

    /// The first step of its kind on a buffer runs as it comes, so that all kernels are there; the next is recorded.
    let launch (x: DeviceMatrix) =
        let revives = mayRevive ()
        let key = struct (x.Elements.Pointer, revives)

        if revived && not revives then
            step.ClearTerms()

        revived <- revives

        match recorded.TryGetValue key with
        | true, graph -> gpu.Launch graph
        | false, _ when begun.Add key -> step.Run(x, revives)
        | false, _ ->
            let graph = gpu.Capture(fun () -> step.Run(x, revives))
            recorded[key] <- graph
            gpu.Launch graph

    interface ITrainer with
        member _.Steps = steps
        member _.Samples = samples

        member _.Sae =
            read ()
            step.Download()

        member _.Dead = DeadLatents(training.DeadFeatureWindow, step.StepsSinceFired.Download())

        member _.Control =
            read ()
            control

        member _.Frequencies = step.Frequencies()

        member _.ScaleInputs scale =
            control <- { control with InputScale = scale }
            step.ScaleInputs scale

        member _.Step x =
            if x.Rows <> training.BatchSize then
                invalidArg (nameof x) $"{x.Rows} samples, not {training.BatchSize}"

            schedule ()
            launch (onDevice x)
            pending <- pending + 1
            steps <- steps + 1L
            samples <- samples + int64 x.Rows

            if pending = StepRing.Capacity then
                read ()

            take ()

        member _.Finish() =
            read ()
            take ()

        member _.Times = StepTimes.Zero

        member _.Renew fresh =
            read ()
            let state = step.DownloadState()
            NewLatents.intoSparse plan.Architecture fresh state
            let since = step.StepsSinceFired.Download()
            let frequencies = step.Frequencies()

            for latent in fresh.Latents do
                since[latent] <- 0

            frequencies.Forget fresh.Latents
            oldest <- Array.max since
            step.Upload(state, since, frequencies)

        member _.Arrays =
            read ()
            StateArrays.ofSparse (step.DownloadState())

        member _.Restore(arrays, newControl, frequencies, dead, newSteps, newSamples) =
            read ()
            let state = step.DownloadState()
            StateArrays.copyInto state arrays
            step.Upload(state, dead.StepsSinceFired, frequencies)
            oldest <- Array.max dead.StepsSinceFired
            step.ScaleInputs newControl.InputScale
            control <- newControl
            steps <- newSteps
            samples <- newSamples
