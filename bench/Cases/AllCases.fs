namespace SynthSae.Bench

/// Every case of every op that has kernels.
module AllCases =
    /// The cases.
    let all: OpCase list =
        List.concat
            [
              // One op a line.
              ResidualCases.cases
              GemmCases.cases
              OrthogonaliseCases.cases
              ClipAdamCases.cases
              EncodeCases.cases
              InputScaleCases.cases
              AuxKCases.cases
              GatedCases.cases
              JumpReluCases.cases
              PreActLossCases.cases
              SizePenaltyCases.cases
              UnitRowsCases.cases
              DecodeCodesCases.cases
              LevelErrorsCases.cases
              RefineCases.cases
              LatentGradientsCases.cases
              MatchCosinesCases.cases
              PruneCases.cases
              MetricsCases.cases
              SampleCodesCases.cases
              SelectCases.cases
              NearThresholdCases.cases
              LatentListsCases.cases
              PursuitCases.cases
              SaeRunnerCases.cases
              EvaluationCases.cases ]

    /// What the GPU benchmark times.
    let timings: OpTiming list =
        List.concat
            [
              // One op a line.
              GemmCases.timings
              OrthogonaliseCases.timings
              ClipAdamCases.timings
              EncodeCases.timings
              AuxKCases.timings
              PreActLossCases.timings
              SizePenaltyCases.timings
              UnitRowsCases.timings
              DecodeCodesCases.timings
              LevelErrorsCases.timings
              LatentGradientsCases.timings
              MatchCosinesCases.timings
              PruneCases.timings
              MetricsCases.timings
              SampleCodesCases.timings
              SelectCases.timings
              NearThresholdCases.timings
              LatentListsCases.timings ]
