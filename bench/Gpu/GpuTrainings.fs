namespace SynthSae.Bench

open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Training
open SynthSae.Spec

/// Short training runs on a GPU, beside those of the host, interrupted, and repeated.
module GpuTrainings =
    /// D of the small runs.
    [<Literal>]
    let Dim = 12

    /// L of the small runs.
    [<Literal>]
    let Latents = 16

    let private family = SaeSpec.topKFamily

    let private warmedUp value =
        { Value = value; WarmUpSteps = 0<step> }

    let private levels order detached =
        { Widths = [ 4; 8; 16 ]
          AuxLossPerLevel = true
          InnerWeights = []
          Detached = detached
          Order = order
          L1Coefficients = [] }

    let private jumpRelu sparsity parameter =
        SaeArchitecture.JumpRelu
            { InitThreshold = 0.5
              Bandwidth = 0.7
              Sparsity = sparsity
              L0 = warmedUp 0.3
              PreActLossCoefficient = Some 0.3
              Parameter = parameter
              StraightThrough = false
              AuxK = SaeSpec.auxK 0.0 }

    let private matryoshka order detached =
        SaeArchitecture.Matryoshka(2.5, 0.01, family, levels order detached)

    let private pursuit =
        SaeArchitecture.MatchingPursuit
            { ResidualThreshold = 0.0
              MaxIterations = Some 3
              StopOnDuplicateSupport = false }

    /// Every architecture, small, by name.
    let specs: (string * SaeSpec) list =
        let create architecture =
            { SaeSpec.create Latents architecture with
                DIn = Some Dim
                DecoderInitNorm = None }

        let batchTopK = create (SaeArchitecture.BatchTopK(1.5, 0.01, family))

        [ "batchtopk", batchTopK
          "topk", create (SaeArchitecture.TopK(2, family))
          "abstopk", create (SaeArchitecture.AbsTopK(2, family))
          "matryoshka", create (matryoshka LevelOrder.Index false)
          "matryoshka by frequency, detached", create (matryoshka LevelOrder.Frequency true)
          "standard", create (SaeArchitecture.Standard { L1 = warmedUp 0.3; LpNorm = 1.0 })
          "gated", create (SaeArchitecture.Gated { L1 = warmedUp 0.3 })
          "jumprelu", create (jumpRelu JumpReluSparsity.Step ThresholdParameter.Direct)
          "jumprelu with tanh, log threshold",
          create (jumpRelu (JumpReluSparsity.Tanh 4.0) ThresholdParameter.Log)
          "matching pursuit", create pursuit
          "batchtopk with lista", { batchTopK with ListaEta = Some 0.3 } ]

    /// A run of few steps with everything that changes from step to step.
    let run precision (sae: SaeSpec) =
        let training =
            { Bench16k.spec.Training with
                BatchSize = 8
                Samples = 120L<sample>
                LrScheduler = LrScheduler.Cosine
                LrWarmUpSteps = 2<step>
                LrDecaySteps = 3<step>
                DeadFeatureWindow = 1<step>
                Precision = precision }

        { Bench16k.spec with
            Data = DataSource.Synthetic(ModelSource.Spec(SyntheticModelSpec.create 32 Dim))
            Saes = [ sae ]
            Training = training }
        |> RunSpec.validate
        |> Bench16k.valid

    let private batch step = Inputs.normal (1 + step) 8 Dim

    /// Reports of some steps.
    let private steps (trainer: Trainer) first last =
        [ for step in first..last do
              yield! trainer.Step(Batch.Host(batch step)) ]
        @ trainer.Finish()

    /// Reports beside reports: numbers within a share of them.
    let reports (share: float) (expected: StepReport list) (actual: StepReport list) =
        let near name (e: float) (a: float) =
            Agreement.number name (share * (abs e + 1e-3)) e a

        let report (e: StepReport) (a: StepReport) =
            Agreement.all
                [ for name, value in e.Losses do
                      near $"{name} of step {e.Step}" value (a.Term name)
                  near $"norm of step {e.Step}" e.GradientNorm a.GradientNorm
                  near $"L0 of step {e.Step}" e.L0 a.L0
                  near $"threshold of step {e.Step}" e.Threshold a.Threshold
                  Agreement.same $"dead in step {e.Step}" [| e.Dead |] [| a.Dead |]
                  Agreement.same "learning rate" [| e.LearningRate |] [| a.LearningRate |] ]

        if expected.Length = actual.Length then
            List.map2 report expected actual |> Agreement.all
        else
            Agreement.differs $"{actual.Length} reports, not {expected.Length}"

    /// The same bits in everything that further steps depend on.
    let private sameState (expected: TrainerState) (actual: TrainerState) =
        let array name =
            match expected.Arrays[name], actual.Arrays[name] with
            | StateArray.Matrix e, StateArray.Matrix a ->
                Agreement.bits name (e.Span.ToArray()) (a.Span.ToArray())
            | StateArray.Vector e, StateArray.Vector a -> Agreement.bits name e a
            | StateArray.Double(_, e), StateArray.Double(_, a) ->
                let bits = Array.map System.BitConverter.DoubleToInt64Bits
                Agreement.same name (bits e) (bits a)
            | _ -> Agreement.differs $"{name} is of another type"

        Agreement.all
            [ for KeyValue(name, _) in expected.Arrays do
                  array name
              Agreement.same "fired" expected.StepsSinceFired actual.StepsSinceFired ]

    let private case op name run : OpCase = { Op = op; Name = name; Run = run }

    let private onGpu (gpu: Gpu) = Backend.Cuda(gpu, 1)

    let private likeHost precision share (name, sae) =
        let op = if precision = Precision.Fp32 then "Training" else "Precision"

        case op $"{name}, {precision}" (fun gpu ->
            let run = run precision sae
            let expected = steps (Trainer(Backend.Cpu 1, run, Dim)) 0 5
            reports share expected (steps (Trainer(onGpu gpu, run, Dim)) 0 5))

    let private resumes (name, sae) =
        case "Resume" name (fun gpu ->
            let run = run Precision.Fp32 sae
            let whole, before = Trainer(onGpu gpu, run, Dim), Trainer(onGpu gpu, run, Dim)
            steps whole 0 7 |> ignore
            steps before 0 3 |> ignore
            let after = Trainer(onGpu gpu, run, Dim)
            after.Restore(before.State())
            steps after 4 7 |> ignore
            sameState (whole.State()) (after.State()))

    let private repeats (name, sae) =
        case "Determinism" name (fun gpu ->
            let state () =
                let trainer = Trainer(onGpu gpu, run Precision.Fp32 sae, Dim)
                steps trainer 0 7 |> ignore
                trainer.State()

            sameState (state ()) (state ()))

    let private isPursuit (sae: SaeSpec) =
        match sae.Architecture with
        | SaeArchitecture.MatchingPursuit _ -> true
        | _ -> false

    /// Training like the host's in every precision, going on after an interruption, and giving the same bits twice.
    let cases: OpCase list =
        let rounded = specs |> List.filter (fun (_, sae) -> not (isPursuit sae))

        [ yield! specs |> List.map (likeHost Precision.Fp32 1e-4)
          yield! rounded |> List.map (likeHost Precision.Tf32 1e-3)
          yield! rounded |> List.map (likeHost Precision.Bf16 1e-3)
          yield! specs |> List.map resumes
          yield! specs |> List.map repeats ]
