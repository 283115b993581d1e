namespace SynthSae.Compute.Ops

open System
open SynthSae.Compute

module ClipAdamReference =
    let private squares (values: seq<float32>) =
        Seq.sumBy (fun (g: float32) -> float g * float g) values

    /// ‖g‖ over all parameters.
    let norm (g: Parameters) =
        List.sumBy (fun (_, matrix: Matrix) -> squares (matrix.Span.ToArray())) g.Matrices
        + List.sumBy (snd >> squares) g.Vectors
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
    let run
        (f: AdamStep)
        (g: Parameters)
        (state: AdamState)
        (parameters: Parameters)
        (norms: float32[])
        =
        let matrix (part: Parameters -> Matrix) =
            updateAll
                f
                (part g).Span
                (part state.Mean).Span
                (part state.Square).Span
                (part parameters).Span

        let vector (part: Parameters -> float32[]) =
            updateAll
                f
                ((part g).AsSpan())
                ((part state.Mean).AsSpan())
                ((part state.Square).AsSpan())
                ((part parameters).AsSpan())

        matrix _.Encoder
        matrix _.Decoder

        for part in Parameters.vectors do
            vector part

        (Select.rowNorms parameters.Decoder).CopyTo(norms.AsSpan())
