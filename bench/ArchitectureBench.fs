namespace SynthSae.Bench

open System
open SynthSae.Compute
open SynthSae.Compute.Training
open SynthSae.Spec

/// What a step of each architecture costs in steps of BatchTopK, taken in turn with it on the same batch, without
/// data. Those whose L0 follows from a coefficient start with about 25 active latents, as they have once they are
/// sparse, and learn too slowly to leave there.
module ArchitectureBench =
    let private k = 25.0

    let private create architecture = SaeSpec.create 4096 architecture

    let private family = SaeSpec.topKFamily

    let private levels =
        { Widths = [ 128; 512; 2048 ]
          AuxLossPerLevel = true
          InnerWeights = []
          Detached = false
          Order = LevelOrder.Index
          L1Coefficients = [] }

    let private matryoshka = SaeArchitecture.Matryoshka(k, 0.01, family, levels)

    let private warmedUp value =
        { Value = value; WarmUpSteps = 0<step> }

    let private jumpRelu threshold =
        { InitThreshold = threshold
          Bandwidth = 1.0
          Sparsity = JumpReluSparsity.Step
          L0 = warmedUp 1.0
          PreActLossCoefficient = None
          Parameter = ThresholdParameter.Direct
          StraightThrough = false
          AuxK = SaeSpec.auxK 0.0 }

    let private pursuit =
        SaeArchitecture.MatchingPursuit
            { ResidualThreshold = 0.0
              MaxIterations = Some(int k)
              StopOnDuplicateSupport = false }

    /// The frontier's recipe: ordered, detached levels and an encoder that corrects itself.
    let private listaMatryoshka =
        { create (
              SaeArchitecture.Matryoshka(
                  k,
                  0.01,
                  family,
                  { levels with
                      Widths = [ 32; 128; 512; 1024; 2048 ]
                      InnerWeights = List.replicate 5 0.5
                      Detached = true
                      Order = LevelOrder.Frequency }
              )
          ) with
            ListaEta = Some 0.25 }

    /// The pre-activation above which 25 of 4096 latents lie, at decoder norm 0.5 as JumpReLU starts.
    let private quantile (x: Matrix) =
        let spec = { SaeSpec.batchTopK 4096 k with DecoderInitNorm = Some 0.5 }

        let sae = Initialisation.create spec x.Cols 0L
        let pre = Matrix(x.Rows, sae.Latents)
        Ops.EncodeCpu.run (Backend.threads Backend.cpu) sae x pre
        let values = pre.Span.ToArray()
        float (Ranking.kthLargest (Span values) (int k * x.Rows))

    /// Name, specification, encoder bias to start with, and the most that the design allows.
    let specs (x: Matrix) =
        let threshold = quantile x

        let sparse spec =
            { spec with DecoderInitNorm = Some 0.5 }

        [ "topk", create (SaeArchitecture.TopK(int k, family)), 0.0, 1.3
          "abstopk", create (SaeArchitecture.AbsTopK(int k, family)), 0.0, 1.3
          "matryoshka", create matryoshka, 0.0, 1.3
          "standard",
          sparse (create (SaeArchitecture.Standard { L1 = warmedUp 2.0; LpNorm = 1.0 })),
          -threshold,
          1.3
          "gated", sparse (create (SaeArchitecture.Gated { L1 = warmedUp 2.0 })), -threshold, 1.3
          "jumprelu", sparse (create (SaeArchitecture.JumpRelu(jumpRelu threshold))), 0.0, 1.3
          "batchtopk with lista", { SaeSpec.batchTopK 4096 k with ListaEta = Some 0.3 }, 0.0, 2.0
          "matryoshka with lista", listaMatryoshka, 0.0, 2.0
          "matching pursuit", create pursuit, 0.0, 6.0 ]

    /// A trainer of an SAE of the 16k benchmark that learns next to nothing, its encoder bias set.
    let trainer backend dim (spec: SaeSpec) bias =
        let run =
            { Bench16k.spec with
                Saes = [ spec ]
                Training = { Bench16k.spec.Training with Lr = 1e-9 } }

        let trainer = Trainer(backend, Bench16k.valid (RunSpec.validate run), dim)

        if bias <> 0.0 then
            let state = trainer.State()
            let biases = StateArray.Vector(Array.create spec.DSae (float32 bias))

            trainer.Restore
                { state with
                    Arrays = state.Arrays |> Map.add "parameters.encoder_bias" biases }

        trainer

    /// Median seconds of steps of a trainer and of BatchTopK, in turn.
    let private pair threads (x: Matrix) spec bias =
        let other = trainer (Backend.Cpu threads) x.Cols spec bias
        let base' = trainer (Backend.Cpu threads) x.Cols (SaeSpec.batchTopK 4096 k) 0.0
        let step (trainer: Trainer) () = trainer.Step x |> ignore

        for _ in 1..8 do
            step other ()
            step base' ()

        let seconds =
            Array.init 25 (fun _ -> struct (Measure.once (step other), Measure.once (step base')))

        let median part =
            seconds |> Array.map part |> Array.sort |> Measure.median

        median (fun (struct (a, _)) -> a), median (fun (struct (_, b)) -> b)

    /// A step of each architecture, as a multiple of BatchTopK's.
    let figures threads (sampler: Sampler) =
        let x = Matrix(Bench16k.Batch, sampler.World.HiddenDim)
        sampler.Sample(Stream.Training, 0L, Codes sampler.World.NumFeatures, x)

        [ for name, spec, bias, target in specs x do
              let seconds, base' = pair threads x spec bias
              Figure.create $"step/{name}" "ms" (1e3 * seconds)

              Figure.create $"step/{name} to batchtopk" "×" (seconds / base')
              |> Figure.target target ]
