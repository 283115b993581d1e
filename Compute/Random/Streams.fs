namespace SynthSae.Compute

open System

/// A sequence of samples of its own: the same sample number on two streams gives independent samples.
[<RequireQualifiedAccess>]
type Stream =
    /// The batches that an SAE is trained on.
    | Training
    /// The samples that an SAE is scored on.
    | Evaluation
    /// Samples drawn for a person to look at, and for statistics of the world.
    | Inspection
    /// Samples that dead latents are given a new start at.
    | Resampling
    /// Samples that the scale of inputs is estimated from.
    | Scale

    /// Number of the stream in Philox counters.
    member stream.Id =
        match stream with
        | Training -> 0u
        | Evaluation -> 1u
        | Inspection -> 2u
        | Resampling -> 3u
        | Scale -> 4u

/// What a draw is for: each purpose has counters of its own.
[<RequireQualifiedAccess>]
type Purpose =
    // Within a sample; `index` is a factor, a feature, or the node whose children compete.
    | Factor
    | Firing
    | Magnitude
    | Sibling
    // Once per model or SAE; the "sample" number of the counter is then a row.
    | FeatureVector
    | Bias
    | CorrelationFactor
    | CorrelationMatrix
    | HierarchyShape
    | Initialisation
    | FeatureNoise
    // Once per resampling, whose step is the row; `index` is the place of a latent among the dead ones.
    | Resampling
    // Once per epoch over files of activations, or per window of one.
    | BlockOrder
    | RowOrder

    /// Number of the purpose in Philox counters, below 256.
    member purpose.Id =
        match purpose with
        | Factor -> 0u
        | Firing -> 1u
        | Magnitude -> 2u
        | Sibling -> 3u
        | FeatureVector -> 16u
        | Bias -> 17u
        | CorrelationFactor -> 18u
        | CorrelationMatrix -> 19u
        | HierarchyShape -> 20u
        | Initialisation -> 21u
        | BlockOrder -> 22u
        | RowOrder -> 23u
        | FeatureNoise -> 24u
        | Resampling -> 25u

/// Where each random word comes from. A draw is a pure function of (seed, stream, purpose, row, index):
/// key = seed; counter = (index / 4, stream·256 + purpose, row low, row high); word index mod 4. Data therefore do not
/// depend on batch size, thread count or device, and any sample can be made again alone.
module Draw =
    /// The counter of the block that holds `index`.
    let inline counter (stream: Stream) (purpose: Purpose) (row: int64) (index: int) : Words =
        { W0 = uint32 index >>> 2
          W1 = (stream.Id <<< 8) ||| purpose.Id
          W2 = uint32 row
          W3 = uint32 (row >>> 32) }

    /// One random word.
    let word (seed: uint64) stream purpose row index : uint32 =
        (Philox.block seed (counter stream purpose row index))[index]

    /// One standard normal number.
    let normal seed stream purpose row index =
        Normal.ofWord (word seed stream purpose row index)

    /// One number in [0, 1), a multiple of 2⁻³².
    let uniform seed stream purpose row index =
        float (word seed stream purpose row index) * 2.3283064365386963e-10

    /// Fill `target` with the standard normal numbers of indices 0, 1, … of a row.
    let normals seed stream purpose row (target: Span<float32>) =
        let start = counter stream purpose row 0
        let mutable first = 0

        while first + 4 <= target.Length do
            let words = Philox.block seed { start with W0 = uint32 first >>> 2 }
            target[first] <- Normal.ofWord words.W0
            target[first + 1] <- Normal.ofWord words.W1
            target[first + 2] <- Normal.ofWord words.W2
            target[first + 3] <- Normal.ofWord words.W3
            first <- first + 4

        for index in first .. target.Length - 1 do
            target[index] <- normal seed stream purpose row index
