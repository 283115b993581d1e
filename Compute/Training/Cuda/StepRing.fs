namespace SynthSae.Compute.Training

open System
open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops
open SynthSae.Spec

/// The dead latents in a GPU's memory, or those of a level.
type DeviceLatents =
    {
        /// How many.
        Count: DeviceScalar<int>
        /// Which, ascending; room for all (L).
        Indices: DeviceArray<int>
        /// The most steps that any latent has not fired for.
        Oldest: DeviceScalar<int>
    }

module DeviceLatents =
    /// None of L, with room for all.
    let none (gpu: Gpu) latents : DeviceLatents =
        { Count = DeviceScalar.ofValue gpu 0
          Indices = new DeviceArray<int>(gpu, int64 (latents: int))
          Oldest = DeviceScalar.ofValue gpu 0 }

/// What a step on the device saw.
type DeviceStepReport =
    {
        Norm: float
        L0: float
        Smallest: float
        FirstSmallest: float
        Lambda: float
        Dead: int
        /// The most steps that any latent had not fired for when the step began.
        Oldest: int
        Tuner: AutotunerState
        Terms: float[]
    }

/// What goes between the host and the steps on a device: what schedules decide of so many steps to come, the numbers of
/// the step in progress, and what each step saw, read when there is no room for more. `terms` is the number of
/// terms of the loss.
[<Sealed>]
type StepRing(gpu: Gpu, plan: StepPlan, adam: AdamSettings, terms: int) =
    /// Steps between two readings.
    static let capacity = 64

    static let inputs = 6
    static let head = 10

    let width = head + terms
    let input = new DeviceArray<float>(gpu, capacity * inputs)
    let report = new DeviceArray<float>(gpu, capacity * width)
    let place = new DeviceArray<int>(gpu, 1)
    let step = new DeviceArray<int>(gpu, 1)
    let floats = new DeviceArray<float32>(gpu, 2)
    let ints = new DeviceArray<int>(gpu, 2)
    let doubles = new DeviceArray<float>(gpu, 2)
    let tuner = new DeviceArray<float>(gpu, 3)
    let batch = plan.Training.BatchSize

    let scheduled (step: int64) =
        let now = int step * 1<step>
        let factors = ClipAdam.factors adam (step + 1L) (plan.LearningRate now) 0.0
        let k = plan.K now

        let whole =
            match plan.Architecture with
            | SaeArchitecture.BatchTopK _
            | SaeArchitecture.Matryoshka _ -> Select.batchCount k batch plan.Sae.DSae
            | _ -> 0

        [| float factors.Rate
           float factors.RootCorrection
           (if Double.IsNaN k then 0.0 else Math.Round k)
           float whole
           plan.Coefficient now
           plan.TargetL0 now |]

    let tune =
        let a = plan.Sae.Autotuner

        [ Arg.Of(if plan.IsTuned then 1 else 0)
          Arg.Of(int a.StartStep)
          Arg.Of a.Deadband
          Arg.Of a.IntegralGain
          Arg.Of a.ConvergenceGain
          Arg.Of a.GainScale ]

    /// Steps between two readings.
    static member Capacity = capacity

    /// lr/(1−β1ᵗ) of this step.
    member _.Rate = DeviceScalar.at 0 floats

    /// √(1−β2ᵗ) of this step.
    member _.RootCorrection = DeviceScalar.at 1 floats

    /// Latents per sample, rounded.
    member _.K = DeviceScalar.at 0 ints

    /// Latents per batch.
    member _.Count = DeviceScalar.at 1 ints

    /// λ of the sparsity loss.
    member _.Lambda = DeviceScalar.at 0 doubles

    /// The L0 that is aimed at.
    member _.TargetL0 = DeviceScalar.at 1 doubles

    /// The step's number, from 0.
    member _.Step = DeviceScalar.at 0 step

    /// Write what is scheduled from a step on, and the controller's state.
    member _.Schedule(next: int64, state: AutotunerState) =
        [| for i in 0 .. capacity - 1 -> scheduled (next + int64 i) |]
        |> Array.concat
        |> input.Upload

        place.Upload [| 0 |]
        step.Upload [| int next |]
        tuner.Upload [| state.Smoothed; state.Rate; state.Multiplier |]

    /// Begin a step: its numbers are there for what follows.
    member _.Begin() =
        gpu.Launch(
            "step_begin",
            1,
            32,
            [ input.Arg; place.Arg; tuner.Arg; floats.Arg; ints.Arg; doubles.Arg ]
        )

    /// End a step that kept these codes.
    member _.End
        (
            counts: DeviceArray<int>,
            norm: DeviceScalar<float>,
            smallest: DeviceScalar<float32>,
            firstSmallest: DeviceScalar<float32>,
            dead: DeviceLatents,
            terms: DeviceArray<float>
        ) =
        gpu.Launch(
            "step_end",
            1,
            256,
            [ report.Arg
              Arg.Of width
              place.Arg
              step.Arg
              counts.Arg
              Arg.Of batch
              norm.Arg
              smallest.Arg
              firstSmallest.Arg
              doubles.Arg
              dead.Count.Arg
              dead.Oldest.Arg
              terms.Arg
              Arg.Of(int terms.Length)
              tuner.Arg
              yield! tune ]
        )

    /// What the first so many steps since the last `Schedule` saw.
    member _.Read(count: int) : DeviceStepReport[] =
        let values = Array.zeroCreate (count * width)
        report.Download(Span values, 0L)

        Array.init count (fun i ->
            let at place = values[i * width + place]

            { Norm = at 0
              L0 = at 1
              Smallest = at 2
              FirstSmallest = at 3
              Lambda = at 4
              Dead = int (at 5)
              Oldest = int (at 9)
              Tuner = { Smoothed = at 6; Rate = at 7; Multiplier = at 8 }
              Terms = Array.init terms (fun term -> at (head + term)) })
