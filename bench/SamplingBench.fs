namespace SynthSae.Bench

open System.Runtime.CompilerServices
open SynthSae.Compute
open SynthSae.Compute.Ops
open SynthSae.Spec

/// Generating data: true codes, and activations decoded from them.
module SamplingBench =
    [<Literal>]
    let private Samples = 8192

    /// Ascending seconds of one batch of codes, and of one batch with activations.
    let private time (sampler: Sampler) repeats rows =
        let codes = Codes sampler.World.NumFeatures
        let x = Matrix(rows, sampler.World.HiddenDim)
        let mutable first = 0L

        let next work =
            work first
            first <- first + int64 rows

        let codesOnly =
            Measure.repeated repeats (fun () ->
                next (fun first -> sampler.Codes(Stream.Inspection, first, rows, codes)))

        let decoded =
            Measure.repeated repeats (fun () ->
                next (fun first -> sampler.Sample(Stream.Inspection, first, codes, x)))

        struct (codesOnly, decoded, float codes.Count / float rows)

    /// Samples per second of the 16k world.
    let figures (sampler: Sampler) =
        let struct (codesOnly, decoded, _) = time sampler 9 Samples

        [ Figure.rate "data/16k/codes" "samples/s" (float Samples) codesOnly
          Figure.rate "data/16k/with-decode" "samples/s" (float Samples) decoded
          |> Figure.target 160_000.0
          |> Figure.reference 2091.4 ]

    let private withForest features change =
        { Bench16k.model with
            NumFeatures = features
            Hierarchy =
                match Bench16k.model.Hierarchy with
                | Some(Hierarchy.Generated forest) -> Some(Hierarchy.Generated(change forest))
                | other -> other }

    /// The worlds of the reference's own throughput script: N/64 roots with four children each, three levels,
    /// rank 25, D = 768. The number of active features grows with N.
    let private moreRoots features =
        withForest features (fun forest -> { forest with TotalRootNodes = features / 64 })

    /// Worlds with the benchmark's 128 roots and four children each, and more levels: only the children of active
    /// parents are looked at, so the cost grows with the levels, not with N.
    let private moreLevels depth =
        let features = 128 * Seq.sum (seq { for level in 0..depth -> pown 4 level })
        withForest features (fun forest -> { forest with MaxDepth = depth })

    /// Cost per sample and memory of one world. A call of its own, so that the world before is garbage by then.
    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private scale threads series (model: SyntheticModelSpec) =
        let before = Measure.liveBytes ()
        let backend = Backend.Cpu threads

        let world =
            WorldCompiler.compile backend (Bench16k.valid (SyntheticModelSpec.validate model))

        let sampler = Sampler.create backend world
        let rows = 1024
        let struct (codesOnly, decoded, active) = time sampler 5 rows
        let bytes = Measure.liveBytes () - before
        let name = $"{series}/{model.NumFeatures}"

        [ Figure.ofSeconds $"{name}/codes" "µs/sample" (1e6 / float rows) codesOnly
          Figure.ofSeconds $"{name}/with-decode" "µs/sample" (1e6 / float rows) decoded
          Figure.create $"{name}/active-features" "per sample" active
          Figure.create $"{name}/memory" "MB" (float bytes / 1e6) ]

    /// 4 k to 1 M features, both ways.
    let scaling threads =
        [ for features in [ 4096; 16384; 65536; 262144; 1048576 ] do
              yield! scale threads "scale-roots" (moreRoots features)
          for depth in 2..6 do
              yield! scale threads "scale-levels" (moreLevels depth) ]
