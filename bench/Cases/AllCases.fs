namespace SynthSae.Bench

/// Every case of every op that has kernels.
module AllCases =
    /// The cases.
    let all: OpCase list =
        List.concat
            [
              // One op a line.
              ResidualCases.cases
              MatchCosinesCases.cases
              PruneCases.cases
              MetricsCases.cases ]

    /// What the GPU benchmark times.
    let timings: OpTiming list =
        List.concat [ MatchCosinesCases.timings; PruneCases.timings; MetricsCases.timings ]
