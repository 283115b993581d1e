namespace SynthSae.Compute.Ops

open System
open SynthSae.Compute

module ClipAdamReference =
    let private squares (values: seq<float32>) =
        Seq.sumBy (fun (g: float32) -> float g * float g) values

    /// ‖g‖ over all parameters.
    let norm (g: Gradients) =
        squares (g.Encoder.Span.ToArray())
        + squares (g.Decoder.Span.ToArray())
        + squares g.EncoderBias
        + squares g.DecoderBias
        |> sqrt

    let private updateAll
        f
        (g: Span<float32>)
        (m: Span<float32>)
        (v: Span<float32>)
        (p: Span<float32>)
        =
        for i in 0 .. p.Length - 1 do
            ClipAdam.update f g[i] &m[i] &v[i] &p[i]

    /// Update moments and parameters in place; `norms` (L) receives ‖W_dec,j‖ of the new decoder.
    let run (f: AdamStep) (g: Gradients) (state: AdamState) (sae: Sae) (norms: float32[]) =
        updateAll
            f
            g.Encoder.Span
            state.Mean.Encoder.Span
            state.Square.Encoder.Span
            sae.Encoder.Span

        updateAll
            f
            g.Decoder.Span
            state.Mean.Decoder.Span
            state.Square.Decoder.Span
            sae.Decoder.Span

        updateAll
            f
            (g.EncoderBias.AsSpan())
            (state.Mean.EncoderBias.AsSpan())
            (state.Square.EncoderBias.AsSpan())
            (sae.EncoderBias.AsSpan())

        updateAll
            f
            (g.DecoderBias.AsSpan())
            (state.Mean.DecoderBias.AsSpan())
            (state.Square.DecoderBias.AsSpan())
            (sae.DecoderBias.AsSpan())

        (Select.norms sae).CopyTo(norms.AsSpan())
