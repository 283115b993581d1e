namespace SynthSae.Compute.Training

open System
open SynthSae.Compute
open SynthSae.Spec

/// Which latents have stopped firing: `counters` (L) holds the optimiser steps since each latent
/// last fired, 0 at the start; a latent is dead when that is more than `window` (REFERENCE §8.3).
/// The array is kept and updated in place, so that it can be saved and given back.
[<Sealed>]
type DeadLatents(window: int<step>, counters: int[]) =
    let mutable count = counters |> Array.filter (fun steps -> steps > int window) |> Array.length

    /// None dead, all counters 0.
    new(window: int<step>, latents: int) = DeadLatents(window, Array.zeroCreate<int> latents)

    /// (L): steps since each latent last fired.
    member _.StepsSinceFired = counters

    /// Number of dead latents.
    member _.Count = count

    /// Whether a latent is dead.
    member _.IsDead(latent: int) = counters[latent] > int window

    /// (L): which latents are dead, as a new array.
    member dead.Mask() = Array.init counters.Length dead.IsDead

    /// The dead latents, ascending.
    member dead.Indices() =
        if count = 0 then [||] else [| 0 .. counters.Length - 1 |] |> Array.filter dead.IsDead

    /// The latents that have not fired for more than so many steps, ascending.
    member _.SilentFor(more: int<step>) =
        [| 0 .. counters.Length - 1 |] |> Array.filter (fun latent -> counters[latent] > int more)

    /// These latents count as if they had fired just now.
    member dead.Forgive(latents: int[]) =
        for latent in latents do
            if dead.IsDead latent then
                count <- count - 1

            counters[latent] <- 0

    /// After a step whose batch gave these latent activations: one step older, 0 for those that
    /// fired.
    member dead.Update(codes: Codes) =
        for latent in 0 .. counters.Length - 1 do
            counters[latent] <- counters[latent] + 1

        for latent in ReadOnlySpan<int>(codes.Index, 0, codes.Count) do
            counters[latent] <- 0

        count <- 0

        for steps in counters do
            if steps > int window then
                count <- count + 1
