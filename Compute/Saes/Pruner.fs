namespace SynthSae.Compute

open System
open SynthSae.Compute.Ops

/// Leave-one-out pruning with one decoder and its bias on a backend, keeping buffers between batches: see `Prune`.
[<Sealed>]
type Pruner(backend: Backend, decoder: Matrix, bias: float32[]) =
    let norms = Prune.norms decoder
    let mutable scores: float32[] = [||]

    /// z of every entry of the codes of x (B, D), in their order; until the next call. Where x was divided by a
    /// factor for each sample (B), scores are multiplied by it again; an empty list for none.
    member _.Scores(x: Matrix, factors: float32[], codes: Codes) : ReadOnlySpan<float32> =
        if scores.Length < codes.Count then
            scores <- Array.zeroCreate (max codes.Count (2 * scores.Length))

        match Backend.hostThreads backend with
        | None -> PruneReference.scores x codes decoder bias norms scores
        | Some threads -> PruneCpu.scores threads x codes decoder bias norms scores

        if factors.Length > 0 then
            for row in 0 .. codes.Rows - 1 do
                for entry in codes.RowStart[row] .. codes.RowStart[row + 1] - 1 do
                    scores[entry] <- scores[entry] * factors[row]

        ReadOnlySpan<float32>(scores, 0, codes.Count)

    /// Those of the codes scored last whose score is above the threshold.
    member _.Keep(codes: Codes, threshold: float32, kept: Codes) =
        match Backend.hostThreads backend with
        | None -> PruneReference.keep codes scores threshold kept
        | Some threads -> PruneCpu.keep threads codes scores threshold kept
