namespace SynthSae.Compute

open System

/// Where to prune an SAE, and why there.
type PruningFit =
    {
        /// The threshold; none where the scores do not part into two modes, and nothing should be pruned.
        Threshold: float32 option
        /// Where the density has its mode below the threshold; NaN without one.
        LowerMode: float
        /// Where it has its mode above; NaN without one.
        UpperMode: float
        /// Standard deviation of the Gaussian that the scores were smoothed with.
        Bandwidth: float
        /// Number of scores.
        Scores: int
    }

/// The threshold of leave-one-out pruning, found without the truth. Latents that stand for something in the
/// sample keep an amplitude of the features' size when all others are left out, those that fire by mistake keep little:
/// the scores z (see `Ops.Prune`) have a mode for each, and the threshold is where their density is least between
/// the two. It rests on magnitudes of one order: a feature much weaker than the others looks like a mistake.
///
/// The density is a Gaussian kernel estimate with Silverman's bandwidth h = 0.9·min(sd, IQR/1.34)·n^(−1/5), at
/// least 1/400 of the range without the outermost thousandths. Modes count where the dip between them exceeds five standard errors
/// of the density, √(f/(2√π·n·h)), and a tenth of the deepest dip there is; of several dips the lowest threshold is
/// taken, which prunes least. A mode of mistakes lies below half of the mode above it: where it does not, nothing is pruned.
module PruningThreshold =
    /// Samples that the threshold is found from, if not said otherwise; fewer where their scores suffice.
    [<Literal>]
    let DefaultSamples = 102_400L

    /// Scores that suffice.
    [<Literal>]
    let private EnoughScores = 1_000_000

    /// The least bandwidth, as a share of the range: many equal scores would make it vanish.
    [<Literal>]
    let private LeastBandwidth = 0.0025

    /// Bins per bandwidth.
    [<Literal>]
    let private Resolution = 8

    /// Standard errors that a dip must exceed.
    [<Literal>]
    let private Sigmas = 5.0

    /// Share of the deepest dip that another one must have to count.
    [<Literal>]
    let private LeastShare = 0.1

    /// Values of `sorted` at a share of their number.
    let private quantile (sorted: float32[]) (share: float) =
        float sorted[int (share * float (sorted.Length - 1))]

    let private bandwidth (sorted: float32[]) =
        let mean = sorted |> Array.averageBy float
        let sd = sqrt (sorted |> Array.averageBy (fun z -> (float z - mean) ** 2.0))
        let robust = (quantile sorted 0.75 - quantile sorted 0.25) / 1.34
        let spread = if robust > 0.0 then min sd robust else sd
        let range = quantile sorted 0.999 - quantile sorted 0.001
        max (0.9 * spread * float sorted.Length ** -0.2) (range * LeastBandwidth)

    /// The density on a grid that begins at `first`, with `step` between its points.
    type private Density =
        {
            First: float
            Step: float
            Values: float[]
            /// Standard errors of a density f are √(f·ErrorFactor).
            ErrorFactor: float
        }

        member density.At(point: int) =
            density.First + float point * density.Step

        member density.Error(value: float) = sqrt (value * density.ErrorFactor)

    /// The kernel estimate between the outermost thousandths, with a bandwidth of room at either side.
    let private estimate (sorted: float32[]) (h: float) : Density =
        let step = h / float Resolution
        let reach = 5 * Resolution
        let first = quantile sorted 0.001 - h
        let points = 1 + int (ceil ((quantile sorted 0.999 + h - first) / step))
        let counts: int[] = Array.zeroCreate (points + 2 * reach)

        for z in sorted do
            let bin = round ((float z - first) / step) + float reach

            if bin >= 0.0 && bin < float counts.Length then
                counts[int bin] <- counts[int bin] + 1

        let kernel =
            Array.init (2 * reach + 1) (fun i ->
                exp (-0.5 * (float (i - reach) / float Resolution) ** 2.0)
                / (h * sqrt (2.0 * Math.PI)))

        { First = first
          Step = step
          ErrorFactor = 1.0 / (2.0 * sqrt Math.PI * float sorted.Length * h)
          Values =
            Array.init points (fun point ->
                let mutable sum = 0.0

                for i in 0 .. 2 * reach do
                    sum <- sum + kernel[i] * float counts[point + i]

                sum / float sorted.Length) }

    /// The deepest dip, and the height of the lower of the two modes beside it.
    let private deepestDip (density: float[]) =
        let before = Array.scan max 0.0 density |> Array.tail
        let after = Array.scanBack max density 0.0

        Array.init density.Length (fun i ->
            let rim = min before[i] after[i]
            rim - density[i], rim)
        |> Array.max

    /// Mode, valley and mode from the left, where each rise and fall is at least `dip`.
    let private firstValley (density: float[]) (dip: float) =
        let rec climb peak point =
            if point = density.Length then peak, point
            elif density[point] > density[peak] then climb point (point + 1)
            elif density[point] < density[peak] - dip then peak, point
            else climb peak (point + 1)

        let rec descend valley point =
            if point = density.Length then valley, point
            elif density[point] < density[valley] then descend point (point + 1)
            elif density[point] > density[valley] + dip then valley, point
            else descend valley (point + 1)

        let lower, falling = climb 0 0
        let valley, rising = descend falling falling
        let upper, _ = climb rising rising
        struct (lower, valley, upper)

    let private none count h =
        { Threshold = None
          LowerMode = nan
          UpperMode = nan
          Bandwidth = h
          Scores = count }

    let private ofDensity count h (density: Density) =
        let deepest, rim = deepestDip density.Values
        let noise = Sigmas * density.Error rim

        if not (deepest > noise) then
            none count h
        else
            let dip = max noise (LeastShare * deepest)
            let struct (lower, valley, upper) = firstValley density.Values dip
            let lowerMode, upperMode = density.At lower, density.At upper

            { Threshold =
                if lowerMode < 0.5 * upperMode then Some(float32 (density.At valley)) else None
              LowerMode = lowerMode
              UpperMode = upperMode
              Bandwidth = h
              Scores = count }

    /// The threshold for these scores; their order does not matter.
    let ofScores (scores: float32[]) : PruningFit =
        let sorted = Array.sort scores

        if sorted.Length < 2 then
            none sorted.Length 0.0
        else
            let h = bandwidth sorted
            if h > 0.0 then ofDensity sorted.Length h (estimate sorted h) else none sorted.Length h

    /// The threshold for an SAE on the first of these samples, `batchSize` at a time: at most `samples`, fewer where
    /// a million scores come of fewer. `progress` is told after each batch how many samples are done.
    let fit
        (progress: int64 -> unit)
        (backend: Backend)
        (sae: Sae)
        (data: IBatches)
        (batchSize: int)
        (samples: int64)
        : PruningFit =
        if sae.Dim <> data.Dim then
            raise (BadInput("SAE", $"reads R^{sae.Dim}, but the samples live in R^{data.Dim}"))

        let runner = SaeRunner(backend, sae)
        let codes = Codes sae.Latents
        let scores = ResizeArray<float32>()
        let mutable x = Matrix(0, data.Dim)
        let mutable first = 0L

        while first < samples && scores.Count < EnoughScores do
            let rows = int (min (int64 batchSize) (samples - first))

            if x.Rows <> rows then
                x <- Matrix(rows, data.Dim)

            data.Fill(first, x)
            runner.Encode(x, codes)
            scores.AddRange(runner.Scores(x, codes).ToArray())
            first <- first + int64 rows
            progress first

        ofScores (scores.ToArray())
