namespace SynthSae.Compute.Ops

open System
open SynthSae.Compute

/// True feature activations of samples first … first+rows−1 of a stream.
///
/// For a sample with factor ε (R), ε_r ~ N(0, 1):
///   m_i = Σ_r F_ir·ε_r (fused, r ascending, float32),  feature i fires iff fma(σ_i, η_i, m_i) > τ_i,
///   c_i = max(0, fma(std_i, ζ_i, mean_i)) where it fires, 0 elsewhere;
/// then the hierarchy, by depth of the nodes from the roots down:
///   gate: a node's value is zeroed where its gating feature is not active, and, if the node is scaled
///     by its parent, multiplied by (value of the gating feature / its mean magnitude);
///   exclude: where a node with exclusive children is itself active (an organisational node is active
///     where its gating feature is, or always without one), only one of those children that carry a
///     feature and are > 0 before their gating is kept, uniformly at random.
/// The codes are the entries > 0, by ascending feature.
///
/// Every draw is a pure function of (seed, stream, sample, feature): the codes of a sample are the same
/// bits on every backend and do not depend on threads or on how samples are split over calls.
/// Cost: `Reference` N·(R + Philox) per sample; `Cpu` the same for features without a gate only, and for
/// the children of active features.
module SampleCodes =
    /// Whether a feature fires: strictly above its threshold.
    let inline fires (sd: float32) (noise: float32) (mean: float32) (threshold: float32) =
        MathF.FusedMultiplyAdd(sd, noise, mean) > threshold

    /// The coefficient of a firing feature: normal, cut off at 0.
    let inline magnitude (mean: float32) (sd: float32) (noise: float32) =
        let value = MathF.FusedMultiplyAdd(sd, noise, mean)
        if value > 0.0f then value else 0.0f

    /// What a scaled child is multiplied by, where its gating feature has the given value.
    let inline ratio (parent: float32) (parentMean: float32) = parent / parentMean

    /// Which of `count` active siblings stays, in node order.
    let inline survivor (word: uint32) (count: int) =
        int ((uint64 word * uint64 count) >>> 32)

    /// Raises unless the codes are N wide and the samples numbered from 0.
    let check (world: World) (first: int64) (rows: int) (codes: Codes) =
        if codes.Width <> world.NumFeatures then
            invalidArg
                (nameof codes)
                $"codes of width {codes.Width} for {world.NumFeatures} features"

        if first < 0L || rows < 0 then
            invalidArg (nameof first) $"{rows} samples from number {first}"
