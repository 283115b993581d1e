namespace SynthSae.Compute

/// The samples that an SAE is trained on, numbered from 0. A sample is a pure function of its number, so batches may
/// be filled in any order and of any size, and whoever goes on with a run goes on with the samples that come next.
/// Not for several threads at once.
type IBatches =
    /// D.
    abstract Dim: int

    /// Make x (B, D) samples first … first+B−1.
    abstract Fill: first: int64 * x: Matrix -> unit

/// A stream of samples of a world.
[<Sealed>]
type SampledBatches(sampler: Sampler, stream: Stream) =
    let codes = Codes sampler.World.NumFeatures

    /// The training stream.
    new(sampler) = SampledBatches(sampler, Stream.Training)

    interface IBatches with
        member _.Dim = sampler.World.HiddenDim

        member _.Fill(first, x) = sampler.Sample(stream, first, codes, x)
