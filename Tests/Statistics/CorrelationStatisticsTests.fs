module SynthSae.Tests.CorrelationStatisticsTests

open SynthSae.Compute
open SynthSae.Spec
open Xunit

[<Fact>]
let ``the factor's statistics are those of the matrix it makes`` () =
    for n, rank in [ 1, 3; 2, 1; 40, 7; 25, 60; 9, 0 ] do
        let factor = (Correlations.lowRank 42UL n rank 0.3).Factor

        let product i j =
            Seq.sum (seq { for k in 0 .. rank - 1 -> float factor[i, k] * float factor[j, k] })

        let expected =
            CorrelationStatistics.ofMatrix (Array.init n (fun i -> Array.init n (product i)))

        for backend in [ Backend.Reference; Backend.cpu ] do
            let actual = CorrelationStatistics.ofFactor backend factor
            Assert.Equal(n, actual.NumFeatures)
            Assert.Equal(expected.Rms, actual.Rms, 1e-5)
            Assert.Equal(expected.Mean, actual.Mean, 1e-6)

[<Fact>]
let ``a matrix's statistics leave its diagonal out`` () =
    let statistics = CorrelationStatistics.ofMatrix [| [| 1.0; 0.3 |]; [| 0.3; 1.0 |] |]
    Assert.Equal(0.3, statistics.Rms, 1e-9)
    Assert.Equal(0.3, statistics.Mean, 1e-9)

[<Fact>]
let ``the benchmark's correlations are as strong as the reference's`` () =
    let factor = (Correlations.lowRank 42UL 16384 25 0.1).Factor
    let statistics = CorrelationStatistics.ofFactor Backend.cpu factor
    let expected = Benchmark16k.deterministic "correlation"
    // rms² is s⁴R up to a relative error of about √(2/N)·2, so the rms to 1.1 %.
    let rms = expected.GetProperty("rms_correlation").GetDouble()
    Assert.InRange(statistics.Rms, 0.98 * rms, 1.02 * rms)
    // The mean is (|ΣF_i|² − Σ|F_i|²)/N², about s²√(2R)/N = 4e-6.
    Assert.InRange(statistics.Mean, -2.5e-5, 2.5e-5)
