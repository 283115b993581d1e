module SynthSae.Tests.Ops.LevelErrorsTests

open SynthSae.Compute
open SynthSae.Compute.Ops
open SynthSae.Tests
open Xunit

/// B, D, L, K and the number of levels.
let sizes: obj[] list =
    [ [| 1; 1; 1; 1; 1 |]
      [| 3; 15; 17; 2; 2 |]
      [| 40; 33; 130; 5; 4 |]
      [| 17; 64; 50; 9; 3 |] ]

let private problem batch dim latents k =
    let sae = Samples.sae 1 latents dim (Activation.AbsTopK(k, false))
    let codes = Codes latents
    SelectReference.run sae (Samples.gaussian 8 batch latents) codes
    sae, codes, Samples.gaussian 7 batch dim

let private run
    (op: Sae -> Codes -> int[] -> Matrix -> Matrix -> float[] -> unit)
    levels
    (sae, codes, x: Matrix)
    =
    let errors = Matrix(levels * x.Rows, x.Cols)
    let squares = Array.zeroCreate (levels * x.Rows)
    let level = Array.init (sae: Sae).Latents (fun j -> (7 * j + 3) % levels)
    op sae codes level x errors squares
    errors, squares

let private seen
    (op: float[] -> bool -> Matrix -> Matrix -> unit)
    (errors: Matrix)
    levels
    detached
    =
    let result = Matrix(errors.Rows, errors.Cols)
    op (Array.init levels (fun m -> 0.5 + 0.25 * float m)) detached errors result
    result

[<Theory; MemberData(nameof sizes)>]
let ``errors of levels agree, and do not depend on threads`` batch dim latents k levels =
    let problem = problem batch dim latents k
    let plain, plainSquares = run LevelErrorsReference.run levels problem
    let fast, squares = run (LevelErrorsCpu.run 1) levels problem
    let other, _ = run (LevelErrorsCpu.run 3) levels problem
    Assert.InRange(Samples.distance plain fast, 0.0, 2e-5)
    Assert.Equal<float32[]>(fast.Span.ToArray(), other.Span.ToArray())

    for row in 0 .. squares.Length - 1 do
        Assert.InRange(
            abs (plainSquares[row] - squares[row]),
            0.0,
            1e-4 * (1.0 + plainSquares[row])
        )

    for detached in [ true; false ] do
        let plain = seen LevelErrorsReference.gradients fast levels detached
        let one = seen (LevelErrorsCpu.gradients 1) fast levels detached
        let three = seen (LevelErrorsCpu.gradients 3) fast levels detached
        Assert.InRange(Samples.distance plain one, 0.0, 2e-5)
        Assert.Equal<float32[]>(one.Span.ToArray(), three.Span.ToArray())

[<Fact>]
let ``one level is the ordinary error`` () =
    let sae, codes, x = problem 20 30 40 4
    let errors, squares = run (LevelErrorsCpu.run 2) 1 (sae, codes, x)
    let expected, expectedSquares = Matrix(20, 30), Array.zeroCreate 20
    DecodeCodesReference.run codes sae.Decoder sae.DecoderBias expected
    ResidualReference.run x expected expectedSquares
    Assert.InRange(Samples.distance expected errors, 0.0, 1e-5)

    Assert.Equal(Array.sum expectedSquares, Array.sum squares, 3)

[<Fact>]
let ``the last level has every latent, whatever the levels are`` () =
    let problem = problem 20 30 40 4
    let one, _ = run (LevelErrorsCpu.run 2) 1 problem
    let four, _ = run (LevelErrorsCpu.run 2) 4 problem
    let last = Matrix.init 20 30 (fun row col -> four[60 + row, col])
    Assert.InRange(Samples.distance one last, 0.0, 1e-5)
