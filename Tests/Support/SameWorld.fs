namespace SynthSae.Tests

open System
open SynthSae.Compute
open Xunit

/// Equality of worlds to the bit.
module SameWorld =
    let private matrix (name: string) (a: Matrix) (b: Matrix) =
        Assert.True((a.Rows, a.Cols) = (b.Rows, b.Cols), $"{name} has another shape")
        Assert.True(a.Span.SequenceEqual b.Span, $"{name} differs")

    /// All arrays and the seed; not the specification and the warnings.
    let arrays (a: World) (b: World) =
        matrix "the dictionary" a.Dictionary b.Dictionary
        matrix "the factor" a.Factor b.Factor
        Assert.Equal<float32>(a.Bias, b.Bias)
        Assert.Equal<float32>(a.BaseProbability, b.BaseProbability)
        Assert.Equal<float32>(a.Probability, b.Probability)
        Assert.Equal<float32>(a.Threshold, b.Threshold)
        Assert.Equal<float32>(a.ResidualSd, b.ResidualSd)
        Assert.Equal<float32>(a.MeanMagnitude, b.MeanMagnitude)
        Assert.Equal<float32>(a.StdMagnitude, b.StdMagnitude)
        Assert.Equal(a.Forest, b.Forest)
        Assert.Equal(a.Seed, b.Seed)
