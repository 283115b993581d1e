module SynthSae.Tests.SuperpositionTests

open System
open SynthSae.Compute
open SynthSae.Compute.Ops
open Xunit

/// |cos| of row i to the others, in double, sorted.
let private sortedCosines (v: Matrix) i =
    let norm i =
        Math.Sqrt(Seq.sum (seq { for k in 0 .. v.Cols - 1 -> float v[i, k] ** 2.0 }))

    [| for j in 0 .. v.Rows - 1 do
           if j <> i then
               let dot = Seq.sum (seq { for k in 0 .. v.Cols - 1 -> float v[i, k] * float v[j, k] })

               abs dot / (norm i * norm j) |]
    |> Array.sort

let private quantile q (sorted: float[]) =
    let position = q * float (sorted.Length - 1)
    let low = int (floor position)
    let high = min (low + 1) (sorted.Length - 1)
    sorted[low] + (position - float low) * (sorted[high] - sorted[low])

[<Fact>]
let ``statistics agree with a sorted row per feature`` () =
    for backend in [ Backend.Reference; Backend.Cpu 1; Backend.Cpu 3 ] do
        for n, d in [ 2, 3; 3, 1; 17, 5; 97, 33; 150, 64 ] do
            let v =
                Matrix.init n d (fun i k ->
                    3.0f * Draw.normal 3UL Stream.Training Purpose.FeatureVector (int64 i) k)

            let statistics = Superposition.statisticsAt [| 0.0; 50.0; 95.0; 99.0 |] backend v
            let expected = Array.init n (sortedCosines v)
            let close (expected: float) (actual: float) = Assert.Equal(expected, actual, 2e-6)
            close (expected |> Array.averageBy Array.last) statistics.MeanMaxAbsCos
            close (expected |> Array.averageBy Array.average) statistics.MeanAbsCos

            for i in 0 .. n - 1 do
                close (Array.last expected[i]) (float statistics.MaxAbsCos[i])

                for p in 0..3 do
                    let q = statistics.Percentiles[p] / 100.0
                    let percentile = statistics.PercentileAbsCos[p]
                    close (quantile q expected[i]) (float percentile[i])

            for p in 0..3 do
                let q = statistics.Percentiles[p] / 100.0
                close (expected |> Array.averageBy (quantile q)) statistics.MeanPercentileAbsCos[p]

[<Fact>]
let ``the dictionary itself is left as it is`` () =
    let v = Matrix.ofArray 2 2 [| 3.0f; 0.0f; 1.0f; 1.0f |]
    Superposition.statistics Backend.cpu v |> ignore
    Assert.Equal<float32[]>([| 3.0f; 0.0f; 1.0f; 1.0f |], v.Span.ToArray())

[<Fact>]
let ``one feature has no statistics`` () =
    Assert.Throws<BadInput>(fun () ->
        Superposition.statistics Backend.cpu (Matrix.zeros 1 4) |> ignore)
    |> ignore

let private assertOracle name (statistics: SuperpositionStatistics) =
    let expected (field: string) =
        (Benchmark16k.oracle.Value.GetProperty(name: string)).GetProperty(field).GetDouble()

    // Another draw of the dictionary: ρ_mm is a mean over 16,384 rows of a maximum with sd 0.009 or so,
    // and the other figures concentrate at least as well.
    Assert.Equal(expected "rho_mm", statistics.MeanMaxAbsCos, 4e-4)
    Assert.Equal(expected "mean_abs_cos", statistics.MeanAbsCos, 2e-5)
    Assert.Equal(expected "mean_p95", statistics.MeanPercentileAbsCos[0], 5e-5)
    Assert.Equal(expected "mean_p99", statistics.MeanPercentileAbsCos[1], 7e-5)

[<Fact; Trait("Category", "Heavy")>]
let ``the benchmark's dictionary overlaps as the reference's, before and after orthogonalisation``
    ()
    =
    let threads = Environment.ProcessorCount
    let v = Dictionaries.randomUnit threads 42UL 16384 768
    assertOracle "superposition_random" (Superposition.statistics Backend.cpu v)
    OrthogonaliseCpu.run threads 100 3e-4 v
    assertOracle "superposition_orthogonalised" (Superposition.statistics Backend.cpu v)
