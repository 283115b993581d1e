namespace SynthSae.Bench

open SynthSae.Compute

/// Every benchmark, by group.
module Suite =
    /// Groups in the order in which they run.
    let groups = [ "peak"; "data"; "train"; "architectures"; "evaluate"; "world"; "scale" ]

    /// Measure the wanted groups (all if none is named) on this many threads, telling each figure as it comes.
    let run (threads: int) (wanted: string list) (tell: Figure -> unit) : Figure list =
        let wants group =
            List.isEmpty wanted || List.contains group wanted

        let sampler =
            lazy (Sampler.create (Backend.Cpu threads) (Bench16k.world (Backend.Cpu threads)))

        let told figures =
            List.iter tell figures
            figures

        [ if wants "peak" || wants "train" then
              let peak = Peak.figure threads
              yield! told [ peak ]
              yield! told (TrainingBench.encoder threads peak.Value)

          if wants "data" then
              yield! told (SamplingBench.figures sampler.Value)

          if wants "train" then
              yield! told (TrainingBench.figures threads sampler.Value)

          if wants "architectures" then
              yield! told (ArchitectureBench.figures threads sampler.Value)

          if wants "evaluate" then
              yield! told (EvaluationBench.figures threads sampler.Value)
              yield! told (EvaluationBench.pruning threads sampler.Value)

          if wants "world" then
              yield! told [ EvaluationBench.orthogonalisation threads sampler.Value ]

          if wants "scale" then
              yield! told (SamplingBench.scaling threads) ]
