namespace SynthSae.Compute

open SynthSae.Compute.Ops

/// Draws samples of a world. A sample is a pure function of (seed, stream, number): calls may ask for any
/// samples in any order and from several threads.
[<Sealed>]
type Sampler internal (backend: Backend, world: World, lazySampler: LazySampler option) =
    /// What is sampled.
    member _.World = world

    /// Where it is computed.
    member _.Backend = backend

    /// True feature activations (rows, N) of samples first … first+rows−1.
    member _.Codes(stream: Stream, first: int64, rows: int, codes: Codes) =
        match backend, lazySampler with
        | Backend.Cpu threads, Some sampler ->
            SampleCodesCpu.codes threads sampler stream first rows codes
        | _ -> SampleCodesReference.run world stream first rows codes

    /// Codes of samples first … first+B−1 and the activations x (B, D) = codes·V + bias.
    member this.Sample(stream: Stream, first: int64, codes: Codes, x: Matrix) =
        match backend, lazySampler with
        | Backend.Cpu threads, Some sampler ->
            SampleCodesCpu.sample threads sampler stream first codes x
        | _ ->
            this.Codes(stream, first, x.Rows, codes)
            DecodeCodesReference.run codes world.Dictionary world.Bias x

module Sampler =
    /// Make a world ready for sampling on a backend.
    let create (backend: Backend) (world: World) : Sampler =
        match backend with
        | Backend.Reference -> Sampler(backend, world, None)
        | Backend.Cpu _ -> Sampler(backend, world, Some(SampleCodesCpu.create world))

    /// The sampler of a run: every run seed has samples of its own, seed 0 those of the world itself.
    let forRun (backend: Backend) (world: World) (runSeed: int64) : Sampler =
        let golden = 0x9E3779B97F4A7C15UL

        create backend { world with Seed = world.Seed + golden * uint64 runSeed }
