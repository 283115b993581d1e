namespace SynthSae.Tests

open System
open SynthSae.Compute
open Xunit

/// SAEs whose numbers are equal to the bit.
module SameSae =
    let check (expected: Sae) (found: Sae) =
        Assert.True(expected.Encoder.Span.SequenceEqual found.Encoder.Span, "encoders differ")
        Assert.True(expected.Decoder.Span.SequenceEqual found.Decoder.Span, "decoders differ")
        Assert.Equal<float32>(expected.EncoderBias, found.EncoderBias)
        Assert.Equal<float32>(expected.DecoderBias, found.DecoderBias)
        Assert.Equal(expected.ApplyDecoderBiasToInput, found.ApplyDecoderBiasToInput)
        Assert.Equal(expected.Activation, found.Activation)
        Assert.Equal(expected.Refinement, found.Refinement)
        Assert.Equal(expected.Scaling, found.Scaling)
