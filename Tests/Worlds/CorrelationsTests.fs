module SynthSae.Tests.CorrelationsTests

open System
open MathNet.Numerics.LinearAlgebra
open SynthSae.Compute
open SynthSae.Spec
open Xunit

let private norm2 (factor: SynthSae.Compute.Matrix) row =
    factor.Row(row).ToArray() |> Array.sumBy (fun x -> float x * float x)

let private random: RandomCorrelation =
    { PositiveRatio = 0.5
      UncorrelatedRatio = 0.3
      MinStrength = 0.1
      MaxStrength = 0.8
      Seed = None }

let private offDiagonal (matrix: Matrix<float>) =
    [| for row in 0 .. matrix.RowCount - 1 do
           for col in 0 .. row - 1 -> matrix[row, col] |]

[<Fact>]
let ``factor and residual make unit variances`` () =
    let factors = Correlations.lowRank 42UL 500 25 0.1

    for row in 0..499 do
        let sd = float factors.ResidualSd[row]
        Assert.Equal(1.0, norm2 factors.Factor row + sd * sd, 1e-6)

    Assert.Equal(0, factors.Capped)

[<Fact>]
let ``factor rows have the scale of the specification`` () =
    let n, rank, scale = 4000, 25, 0.1
    let factors = Correlations.lowRank 42UL n rank scale
    let mean = Array.init n (norm2 factors.Factor) |> Array.average
    // |F_i|² = scale² χ²_rank, with variance 2·rank·scale⁴.
    let error = 5.0 * scale * scale * Math.Sqrt(2.0 * float rank / float n)
    Assert.InRange(mean, 0.25 - error, 0.25 + error)

[<Fact>]
let ``only rows that leave too little are scaled down`` () =
    let n, rank, scale = 2000, 4, 0.5
    let factors = Correlations.lowRank 7UL n rank scale
    let values = Array.zeroCreate rank
    let mutable capped = 0

    for row in 0 .. n - 1 do
        Draw.normals 7UL Stream.Training Purpose.CorrelationFactor (int64 row) (values.AsSpan())
        let before = values |> Array.sumBy (fun z -> float z * float z * scale * scale)

        if 1.0 - before < 0.01 then
            capped <- capped + 1
            Assert.Equal(0.99, norm2 factors.Factor row, 1e-6)
            Assert.Equal(0.1, float factors.ResidualSd[row], 1e-5)
        else
            Assert.Equal(before, norm2 factors.Factor row, 1e-6)

    Assert.Equal(capped, factors.Capped)
    Assert.InRange(capped, 1, n - 1)

[<Fact>]
let ``a random matrix has the asked shares and strengths`` () =
    let n = 200
    let matrix = Correlations.randomMatrix 3UL n random
    let pairs = offDiagonal matrix
    let correlated = pairs |> Array.filter (fun rho -> rho <> 0.0)
    let count = float pairs.Length
    let share = float correlated.Length / count
    Assert.InRange(share, 0.7 - 5.0 * sqrt (0.21 / count), 0.7 + 5.0 * sqrt (0.21 / count))
    let positive = correlated |> Array.averageBy (fun rho -> if rho > 0.0 then 1.0 else 0.0)
    Assert.InRange(positive, 0.5 - 2.5 / sqrt (0.7 * count), 0.5 + 2.5 / sqrt (0.7 * count))
    Assert.All(correlated, (fun rho -> Assert.InRange(abs rho, 0.1, 0.8)))
    Assert.Equal(matrix, matrix.Transpose())
    Assert.All(matrix.Diagonal(), (fun one -> Assert.Equal(1.0, one)))

[<Fact>]
let ``the matrix's own seed takes the place of the model's`` () =
    let own = { random with Seed = Some 9L }
    Assert.Equal(Correlations.randomMatrix 9UL 20 random, Correlations.randomMatrix 3UL 20 own)
    Assert.NotEqual(Correlations.randomMatrix 3UL 20 random, Correlations.randomMatrix 3UL 20 own)

[<Fact>]
let ``a repaired matrix is a positive definite correlation matrix`` () =
    for n in [ 2; 13; 50 ] do
        let repaired = Correlations.repair (Correlations.randomMatrix 3UL n random)
        Assert.Equal(repaired, repaired.Transpose())
        Assert.All(repaired.Diagonal(), (fun one -> Assert.Equal(1.0, one)))
        Assert.All(offDiagonal repaired, (fun rho -> Assert.InRange(rho, -1.0, 1.0)))
        Assert.True((repaired.Evd Symmetricity.Symmetric).EigenValues.Real().Minimum() > 0.0)

[<Fact>]
let ``a positive definite matrix is not repaired`` () =
    let matrix = Matrix<float>.Build.DenseOfArray(array2D [ [ 1.0; 0.5 ]; [ 0.5; 1.0 ] ])
    Assert.Same(matrix, Correlations.repair matrix)

[<Fact>]
let ``the factor of a full matrix gives the matrix back, without residual`` () =
    let matrix = Correlations.repair (Correlations.randomMatrix 8UL 40 random)
    let factors = Correlations.full matrix

    for row in 0..39 do
        Assert.Equal(0.0f, factors.ResidualSd[row])

        for col in 0..39 do
            let product =
                Seq.sum (
                    seq {
                        for k in 0..39 ->
                            float factors.Factor[row, k] * float factors.Factor[col, k]
                    }
                )

            Assert.Equal(matrix[row, col], product, 1e-5)

[<Fact>]
let ``a matrix that is not positive definite is bad input`` () =
    let rows = [| [| 1.0; 2.0 |]; [| 2.0; 1.0 |] |]

    Assert.Throws<BadInput>(fun () ->
        Correlations.compile 0UL 2 (Correlation.Matrix rows) |> ignore)
    |> ignore
