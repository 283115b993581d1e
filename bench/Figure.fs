namespace SynthSae.Bench

/// One measured figure.
type Figure =
    {
        /// What was measured, e.g. `train/batchtopk`.
        Name: string
        /// Median.
        Value: float
        /// Of the value: "samples/s", "ms", "s", "GFLOP/s", "MB", "µs".
        Unit: string
        /// Smallest and largest of the repeats; equal to the value for derived figures.
        Spread: float * float
        /// What the design asks for on two cores, if anything.
        Target: float option
        /// What the Python reference took on two cores of such a machine (SAELens 6.38.0, docs/measurements.md).
        Reference: float option
    }

module Figure =
    let create name unit (value: float) =
        { Name = name
          Value = value
          Unit = unit
          Spread = value, value
          Target = None
          Reference = None }

    /// From ascending seconds, in a unit that grows with them.
    let ofSeconds name unit (perSecond: float) (seconds: float[]) =
        { create name unit (perSecond * Measure.median seconds) with
            Spread = perSecond * seconds[0], perSecond * Array.last seconds }

    /// From ascending seconds, as a rate of `count` things a second.
    let rate name unit (count: float) (seconds: float[]) =
        { create name unit (count / Measure.median seconds) with
            Spread = count / Array.last seconds, count / seconds[0] }

    /// With the design's target.
    let target value figure = { figure with Target = Some value }

    /// With the reference's figure.
    let reference value figure = { figure with Reference = Some value }
