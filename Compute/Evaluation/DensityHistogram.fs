namespace SynthSae.Compute

open System

/// How many latents fire how often, on a logarithmic scale: dense latents and nearly dead ones stand apart.
type DensityHistogram =
    {
        /// log10 of the lower bound of each bin, ascending; bins are a quarter of a decade wide, and the last one ends
        /// at 1, which belongs to it.
        Log10From: float[]
        /// Latents in each bin.
        Latents: int[]
        /// Latents that never fired.
        Dead: int
    }

module DensityHistogram =
    /// Bins in a factor of ten.
    let private perDecade = 4

    /// Bins below 1: bin 0 holds [10^(−1/4), 1], bin 1 what is below it, …
    let private binOf (rate: float) =
        max 0 (-1 - int (Math.Floor(float perDecade * Math.Log10 rate)))

    /// The histogram of firing rates in [0, 1]; its bins reach down to the rarest latent that fires.
    let ofRates (rates: float[]) : DensityHistogram =
        let firing = rates |> Array.filter (fun rate -> rate > 0.0)
        let bins = firing |> Array.map binOf
        let count = if bins.Length = 0 then 0 else 1 + Array.max bins
        let latents = Array.zeroCreate<int> count

        for bin in bins do
            latents[count - 1 - bin] <- latents[count - 1 - bin] + 1

        { Log10From = Array.init count (fun i -> float (i - count) / float perDecade)
          Latents = latents
          Dead = rates.Length - firing.Length }
