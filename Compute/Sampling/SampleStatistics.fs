namespace SynthSae.Compute

open System
open SynthSae.Compute.Ops

/// Mean of a quantity over independent samples.
type Spread =
    {
        Mean: float
        /// Standard deviation over the samples.
        Sd: float
        /// Standard error of the mean.
        StandardError: float
    }

/// How one feature behaves.
[<Struct>]
type FeatureStatistics =
    {
        /// Share of the samples in which it is active.
        Rate: float
        /// Mean of its values where it is active; 0 when it never was.
        MeanGivenActive: float
        /// Their standard deviation.
        SdGivenActive: float
    }

/// How the features of one depth of the forest behave.
type DepthStatistics =
    {
        /// Distance of the nodes from the root; `None` outside the forest.
        Depth: int option
        /// Number of features.
        Features: int
        /// Active features per sample.
        Active: Spread
        /// Sum of achieved rates over sum of base probabilities.
        RateOverBase: float
    }

/// What samples of a world look like.
type SampleStatistics =
    {
        /// Number of samples.
        Samples: int
        /// Active features per sample.
        TrueL0: Spread
        /// (probability, quantile) of the active features per sample.
        TrueL0Quantiles: (float * float) list
        /// Active features among the first `FirstFeatures`.
        FirstL0: Spread
        FirstFeatures: int
        /// By depth; features outside the forest come last.
        ByDepth: DepthStatistics list
        /// Share of the samples in which some root's feature is active.
        RootActive: float
        /// |x|.
        Norm: Spread
        /// E|x|².
        MeanSquaredNorm: float
        /// |E x|².
        SquaredNormOfMean: float
        /// E|x|² − |E x|².
        TotalVariance: float
        /// (N).
        Features: FeatureStatistics[]
    }

module Spread =
    /// From a sum and a sum of squares.
    let ofSums (count: int) (sum: float) (sumOfSquares: float) : Spread =
        let n = float count
        let mean = sum / n
        let variance = max 0.0 (sumOfSquares / n - mean * mean)
        let unbiased = if count > 1 then variance * n / (n - 1.0) else 0.0

        { Mean = mean
          Sd = sqrt unbiased
          StandardError = sqrt (unbiased / n) }

/// Sums over samples, from which the statistics follow.
[<Sealed>]
type private SampleSums(world: World, firstFeatures: int) =
    let forest = world.Forest
    let depths = if forest.Nodes = 0 then 0 else 1 + Array.max forest.Depth

    /// Features outside the forest count as one depth more.
    let depthOf =
        forest.NodeOfFeature
        |> Array.map (fun node -> if node < 0 then depths else forest.Depth[node])

    let mutable samples = 0
    let l0 = Array.zeroCreate<int64>(world.NumFeatures + 1)
    let first = Array.zeroCreate<float> 2
    let byDepth = Array.init (depths + 1) (fun _ -> Array.zeroCreate<float> 2)
    let atDepth = Array.zeroCreate<int>(depths + 1)
    let mutable rootActive = 0
    let active = Array.zeroCreate<int64> world.NumFeatures
    let value = Array.zeroCreate<float> world.NumFeatures
    let square = Array.zeroCreate<float> world.NumFeatures
    let norm = Array.zeroCreate<float> 2
    let sumX = Array.zeroCreate<float> world.HiddenDim

    let count (sums: float[]) (x: float) =
        sums[0] <- sums[0] + x
        sums[1] <- sums[1] + x * x

    let addRow (index: ReadOnlySpan<int>) (values: ReadOnlySpan<float32>) =
        Array.Clear atDepth
        let mutable amongFirst = 0

        for entry in 0 .. index.Length - 1 do
            let feature = index[entry]
            let c = float values[entry]
            active[feature] <- active[feature] + 1L
            value[feature] <- value[feature] + c
            square[feature] <- square[feature] + c * c
            atDepth[depthOf[feature]] <- atDepth[depthOf[feature]] + 1

            if feature < firstFeatures then
                amongFirst <- amongFirst + 1

        l0[index.Length] <- l0[index.Length] + 1L
        count first (float amongFirst)
        Array.iter2 (fun sums (active: int) -> count sums (float active)) byDepth atDepth

        if depths > 0 && atDepth[0] > 0 then
            rootActive <- rootActive + 1

    /// Σ over samples of |x| and of each coordinate. A column's sum has one order, whatever the threads.
    let addActivations threads (x: Matrix) =
        let norms = Array.zeroCreate<float> x.Rows

        Threads.ranges threads x.Rows 64 (fun _ firstRow lastRow ->
            for row in firstRow .. lastRow - 1 do
                norms[row] <- sqrt (Rows.squaredNormAt x row))

        Threads.ranges threads x.Cols 64 (fun _ firstCol lastCol ->
            for row in 0 .. x.Rows - 1 do
                let elements = x.Row row

                for col in firstCol .. lastCol - 1 do
                    sumX[col] <- sumX[col] + float elements[col])

        norms |> Array.iter (count norm)

    let spread (sums: float[]) = Spread.ofSums samples sums[0] sums[1]

    let l0Spread () =
        let moment power =
            l0 |> Seq.mapi (fun k rows -> float rows * float k ** power) |> Seq.sum

        Spread.ofSums samples (moment 1.0) (moment 2.0)

    /// Quantile of the number of active features, interpolated between neighbours in rank.
    let quantile p =
        let atRank rank =
            let mutable k = 0
            let mutable below = l0[0]

            while below <= int64 rank do
                k <- k + 1
                below <- below + l0[k]

            float k

        let position = p * float (samples - 1)
        let low = atRank (floor position)
        let high = atRank (ceil position)
        low + (position - floor position) * (high - low)

    let depth d : DepthStatistics =
        let features =
            [| for i in 0 .. world.NumFeatures - 1 do
                   if depthOf[i] = d then
                       i |]

        let baseRate = features |> Array.sumBy (fun i -> float world.BaseProbability[i])
        let active = spread byDepth[d]

        { Depth = if d < depths then Some d else None
          Features = features.Length
          Active = active
          RateOverBase = if baseRate > 0.0 then active.Mean / baseRate else 0.0 }

    let feature i : FeatureStatistics =
        let given = Spread.ofSums (max 1 (int active[i])) value[i] square[i]

        { Rate = float active[i] / float samples
          MeanGivenActive = given.Mean
          SdGivenActive = given.Sd }

    /// Add a batch.
    member _.Add(threads, codes: Codes, x: Matrix) =
        for row in 0 .. codes.Rows - 1 do
            addRow (codes.RowIndex row) (codes.RowValue row)

        addActivations threads x
        samples <- samples + codes.Rows

    /// The statistics of all that was added.
    member _.Statistics() : SampleStatistics =
        let squaredNormOfMean = sumX |> Array.sumBy (fun sum -> (sum / float samples) ** 2.0)
        let meanSquaredNorm = norm[1] / float samples

        { Samples = samples
          TrueL0 = l0Spread ()
          TrueL0Quantiles =
            [ for p in [ 0.01; 0.05; 0.25; 0.5; 0.75; 0.95; 0.99 ] -> p, quantile p ]
          FirstL0 = spread first
          FirstFeatures = firstFeatures
          ByDepth = [ 0..depths ] |> List.map depth |> List.filter (fun depth -> depth.Features > 0)
          RootActive = float rootActive / float samples
          Norm = spread norm
          MeanSquaredNorm = meanSquaredNorm
          SquaredNormOfMean = squaredNormOfMean
          TotalVariance = meanSquaredNorm - squaredNormOfMean
          Features = Array.init world.NumFeatures feature }

module SampleStatistics =
    /// Samples drawn at a time.
    [<Literal>]
    let private Batch = 2048

    /// Statistics of samples 0 … `samples`−1 (at least 1) on `Stream.Inspection`; `firstFeatures` is how
    /// many features `FirstL0` counts, the width of an SAE for instance.
    let measure (sampler: Sampler) (samples: int) (firstFeatures: int) : SampleStatistics =
        if samples < 1 then
            raise (BadInput("samples", $"must be at least 1 (got {samples})"))

        let world = sampler.World
        let sums = SampleSums(world, firstFeatures)
        let codes = Codes world.NumFeatures
        let mutable x = Matrix(min Batch samples, world.HiddenDim)

        for first in 0..Batch .. samples - 1 do
            if samples - first < x.Rows then
                x <- Matrix(samples - first, world.HiddenDim)

            sampler.Sample(Stream.Inspection, int64 first, codes, x)
            sums.Add(Backend.threads sampler.Backend, codes, x)

        sums.Statistics()
