namespace SynthSae.Compute

open SynthSae.Compute.Ops

/// How a backend draws samples: see `Sampler.Codes` and `Sampler.Sample`.
type internal SamplerOps =
    { DrawCodes: Stream -> int64 -> int -> Codes -> unit
      DrawSamples: Stream -> int64 -> Codes -> Matrix -> unit }

/// Draws samples of a world. A sample is a pure function of (seed, stream, number): calls may ask for any
/// samples in any order and from several threads.
[<Sealed>]
type Sampler internal (backend: Backend, world: World, ops: SamplerOps) =
    /// What is sampled.
    member _.World = world

    /// Where it is computed.
    member _.Backend = backend

    /// True feature activations (rows, N) of samples first … first+rows−1.
    member _.Codes(stream: Stream, first: int64, rows: int, codes: Codes) =
        ops.DrawCodes stream first rows codes

    /// Codes of samples first … first+B−1 and the activations x (B, D) = codes·V + bias.
    member _.Sample(stream: Stream, first: int64, codes: Codes, x: Matrix) =
        ops.DrawSamples stream first codes x

module Sampler =
    let private reference (world: World) : SamplerOps =
        let draw = SampleCodesReference.run world

        { DrawCodes = draw
          DrawSamples =
            fun stream first codes x ->
                draw stream first x.Rows codes
                DecodeCodesReference.run codes world.Dictionary world.Bias x }

    let private cpu threads (world: World) : SamplerOps =
        let sampler = SampleCodesCpu.create world

        { DrawCodes = SampleCodesCpu.codes threads sampler
          DrawSamples = SampleCodesCpu.sample threads sampler }

    /// Samples that a GPU draws at a time for the host.
    [<Literal>]
    let private Together = 1024

    // Laying a world out on a GPU takes memory there: only for who asks for samples.
    let private cuda gpu (world: World) : SamplerOps =
        let sampler = lazy DeviceSampler(gpu, world, Together)

        { DrawCodes = fun stream first rows codes -> sampler.Value.Codes(stream, first, rows, codes)
          DrawSamples = fun stream first codes x -> sampler.Value.Sample(stream, first, codes, x) }

    /// Make a world ready for sampling on a backend.
    let create (backend: Backend) (world: World) : Sampler =
        let ops =
            match backend with
            | Backend.Reference -> reference world
            | Backend.Cpu threads -> cpu threads world
            | Backend.Cuda(gpu, _) -> cuda gpu world

        Sampler(backend, world, ops)

    /// The sampler of a run: every run seed has samples of its own, seed 0 those of the world itself.
    let forRun (backend: Backend) (world: World) (runSeed: int64) : Sampler =
        let golden = 0x9E3779B97F4A7C15UL

        create backend { world with Seed = world.Seed + golden * uint64 runSeed }
