namespace SynthSae.Compute

/// What became of some of a world's features.
type RecoveryGroup =
    {
        Features: int
        Recovered: int
        Split: int
        Absorbed: int
        Missed: int
        /// Mean F1 of the features' best latents; NaN without features.
        MeanF1: float
        /// Mean |cos| of the features' nearest latents; NaN without features.
        MeanCosine: float
    }

/// What became of features with a figure from a bound up to the next, which the last group includes.
type RecoveryBin = { From: float; To: float; Group: RecoveryGroup }

/// How recovery depends on what a feature is like. Features that were active in no sample are only counted.
type RecoverySummary =
    {
        All: RecoveryGroup
        /// Features that were active in no sample.
        NeverActive: int
        /// By depth in the hierarchy, from the roots down; None, at the end, is outside of it.
        ByDepth: (int option * RecoveryGroup)[]
        /// By the share of samples in which a feature is active: ten bins of equal width on a logarithmic scale.
        ByRate: RecoveryBin[]
        /// By the mean magnitude of an active feature: ten bins of equal width.
        ByMagnitude: RecoveryBin[]
    }

module RecoverySummary =
    let private mostBins = 10

    let private group (features: FeatureReport[]) : RecoveryGroup =
        let count verdict =
            features |> Seq.filter (fun feature -> feature.Verdict = verdict) |> Seq.length

        let mean part =
            if features.Length = 0 then nan else Array.averageBy part features

        { Features = features.Length
          Recovered = count Verdict.Recovered
          Split = count Verdict.Split
          Absorbed = count Verdict.Absorbed
          Missed = count Verdict.Missed
          MeanF1 = mean _.Best.Score.F1Score
          MeanCosine = mean (fun feature -> abs feature.Nearest.Cosine) }

    /// Bins of equal width for a figure, as many as are at least `least` wide; `edge` is the figure that a bound shows.
    let private bins (least: float) edge (figure: FeatureReport -> float) features =
        if Array.isEmpty features then
            [||]
        else
            let figures = Array.map figure features
            let low, high = Array.min figures, Array.max figures
            let count = int ((high - low) / least) |> max 1 |> min mostBins
            let width = (high - low) / float count

            let binOf figure =
                if width = 0.0 then 0 else int ((figure - low) / width) |> max 0 |> min (count - 1)

            Array.init count (fun bin ->
                { From = edge (low + float bin * width)
                  To = if bin = count - 1 then edge high else edge (low + float (bin + 1) * width)
                  Group = features |> Array.filter (fun f -> binOf (figure f) = bin) |> group })

    let private byDepth (features: FeatureReport[]) =
        features
        |> Array.groupBy _.Depth
        |> Array.sortBy (fst >> Option.defaultValue System.Int32.MaxValue)
        |> Array.map (fun (depth, features) -> depth, group features)

    /// The summary of all features.
    let ofFeatures (features: FeatureReport[]) : RecoverySummary =
        let seen = features |> Array.filter (fun feature -> feature.Rate > 0.0)
        let largest = seen |> Seq.map _.MeanMagnitude |> Seq.fold max 0.0

        { All = group seen
          NeverActive = features.Length - seen.Length
          ByDepth = byDepth seen
          // Bins of rates that differ by less than a tenth would show noise.
          ByRate = bins (log10 1.1) (fun log -> 10.0 ** log) (fun f -> log10 f.Rate) seen
          ByMagnitude = bins (max 1e-9 (0.02 * largest)) id _.MeanMagnitude seen }
