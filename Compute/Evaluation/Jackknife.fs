namespace SynthSae.Compute

/// Standard errors of figures that are no plain means.
module internal Jackknife =
    /// By deleting one of g blocks of samples of about equal size at a time:
    /// √((g−1)/g · Σ (θ₍b₎ − mean θ₍b₎)²), θ₍b₎ the figure without block b. NaN with fewer than two blocks, 0 for
    /// what does not depend on the samples. `each` applies a function to every figure of a record.
    let standardErrors
        (add: 'Sums -> 'Sums -> 'Sums)
        (subtract: 'Sums -> 'Sums -> 'Sums)
        (ofSums: 'Sums -> 'Metrics)
        (each: (('Metrics -> float) -> float) -> 'Metrics)
        (blocks: 'Sums[])
        : 'Metrics =
        if blocks.Length < 2 then
            each (fun _ -> nan)
        else
            let count = float blocks.Length
            let total = Array.reduce add blocks
            let without = blocks |> Array.map (fun block -> ofSums (subtract total block))

            each (fun figure ->
                // From one of them, so that what never changes has an error of exactly 0.
                let values =
                    without |> Array.map (fun metrics -> figure metrics - figure without[0])

                let mean = Array.average values

                sqrt (
                    (count - 1.0) / count * Array.sumBy (fun value -> (value - mean) ** 2.0) values
                ))
