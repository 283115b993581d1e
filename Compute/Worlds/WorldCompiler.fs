namespace SynthSae.Compute

open SynthSae.Spec

/// From a specification to a world.
module WorldCompiler =
    /// The arrays of a world that are drawn at random, or read from a file.
    type Drawn =
        {
            /// V (N, D), unit rows.
            Dictionary: Matrix
            /// (D).
            Bias: float32[]
            /// F (N, R).
            Factor: Matrix
            /// σ (N).
            ResidualSd: float32[]
            /// The trees of the hierarchy; none without one.
            Trees: HierarchyNode list
        }

    /// The model's seed; 0 where the specification leaves it open.
    let seed (spec: SyntheticModelSpec) = defaultArg spec.Seed 0L

    let private compensates (spec: SyntheticModelSpec) =
        match spec.Hierarchy with
        | None -> false
        | Some(Hierarchy.Generated shape) -> shape.CompensateProbabilities
        | Some(Hierarchy.Explicit(_, compensate)) -> compensate

    let private checkScaling (forest: Forest) (mean: float32[]) =
        for node in 0 .. forest.Nodes - 1 do
            let gate = forest.GatingFeature[node]

            if forest.ScaledByParent[node] && not (mean[gate] > 0.0f) then
                let problem =
                    $"feature {gate} scales its children, so its mean must be above 0 (got {mean[gate]})"

                raise (BadInput("mean_firing_magnitudes", problem))

    let private clampedWarning count =
        if count = 0 then
            []
        else
            [ $"compensation clamped the firing probability of {count} features to 1" ]

    /// A world from its random arrays: all the rest follows from the specification. Raises `BadInput`
    /// when trees or magnitudes break a rule.
    let assemble (spec: SyntheticModelSpec) (drawn: Drawn) : World =
        let n = spec.NumFeatures
        let seed = seed spec
        let forest = Forests.compile n drawn.Trees
        let baseProbability = FiringProbabilities.compile seed n spec.FiringProbability

        let struct (probability, clamped) =
            if compensates spec then
                FiringProbabilities.compensate baseProbability forest
            else
                struct (baseProbability, 0)

        let mean = Magnitudes.compile (seed + 2L) n spec.MeanFiringMagnitudes
        checkScaling forest mean

        { Spec = spec
          Dictionary = drawn.Dictionary
          Bias = drawn.Bias
          BaseProbability = baseProbability
          Probability = probability
          Threshold = probability |> Array.map FiringProbabilities.threshold
          Factor = drawn.Factor
          ResidualSd = drawn.ResidualSd
          MeanMagnitude = mean
          StdMagnitude = Magnitudes.compile (seed + 1L) n spec.StdFiringMagnitudes
          Forest = forest
          Seed = uint64 seed
          Warnings = clampedWarning clamped }

    let private cappedWarning (spec: SyntheticModelSpec) count =
        if count = 0 then
            []
        else
            [ $"correlation: {count} of {spec.NumFeatures} rows were scaled down to keep a residual variance of 0.01" ]

    /// The world of a specification: a pure function of the specification alone. Raises `BadInput`
    /// where only the arrays can show that a rule is broken (a matrix that is not positive definite).
    let compile (backend: Backend) (spec: Valid<SyntheticModelSpec>) : World =
        let spec = spec.Value
        // Before anything that takes long.
        Matrix.CheckSize(spec.NumFeatures, spec.HiddenDim)
        let key = uint64 (seed spec)
        let correlation = Correlations.compile key spec.NumFeatures spec.Correlation

        let world =
            assemble
                spec
                { Dictionary = Dictionaries.compile backend key spec
                  Bias = Dictionaries.bias key spec.HiddenDim spec.Bias
                  Factor = correlation.Factor
                  ResidualSd = correlation.ResidualSd
                  Trees = Forests.trees key spec.NumFeatures spec.Hierarchy }

        { world with
            Warnings = cappedWarning spec correlation.Capped @ world.Warnings }
