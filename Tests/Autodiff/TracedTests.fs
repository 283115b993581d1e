/// Each operation on traced matrices against its finite differences, away from kinks.
module SynthSae.Tests.Autodiff.TracedTests

open System
open FsCheck.FSharp
open SynthSae.Compute.Autodiff
open SynthSae.Tests
open Xunit

/// Matrices of these shapes with numbers in (low, high).
let private matrices low high shapes =
    gen {
        let! seed = Gen.choose (0, Int32.MaxValue)
        let random = Random seed

        let number () =
            low + (high - low) * random.NextDouble()

        return
            shapes |> List.map (fun (rows, cols) -> Array2D.init rows cols (fun _ _ -> number ()))
    }

/// Weights that make every element of a result count differently in a scalar.
let private weights = Array2D.mapi (fun i j _ -> 1.0 + 0.37 * float i - 0.21 * float (j * j))

/// Whether the gradients of Σ w ∘ f(a, b, …) are its finite differences.
let private differentiates (f: Traced list -> Traced) (values: float[,] list) =
    let scalar variables =
        let result: Traced = f variables
        Traced.sum (Traced.constant (weights result.Value) * result)

    let variables = List.map Traced.variable values

    for value, gradient in List.zip values (Gradient.ofScalar (scalar variables) variables) do
        let evaluate () =
            (scalar (List.map Traced.variable values)).Scalar

        let expected = FiniteDifferences.ofFunction evaluate value

        Agreement.closeEach2D
            "derivative"
            (expected |> Array2D.map (fun d -> 1e-6 * max 1.0 (abs d)))
            expected
            gradient

    true

let private check low high shapes f =
    Property.forAll (matrices low high shapes) (differentiates f)

let private both f =
    function
    | [ a; b ] -> f a b
    | _ -> failwith "two operands"

let private one f = List.exactlyOne >> f

[<Fact>]
let ``sums, differences, products and quotients of equal and of broadcast shapes`` () =
    let full = 3, 4

    for other in [ full; 1, 4; 3, 1; 1, 1 ] do
        for shapes in [ [ full; other ]; [ other; full ] ] do
            check -2.0 2.0 shapes (both (+))
            check -2.0 2.0 shapes (both (-))
            check -2.0 2.0 shapes (both (*))
            check 0.5 2.0 shapes (both (/))

[<Fact>]
let ``matrix products and transposes`` () =
    check -2.0 2.0 [ 3, 5; 5, 2 ] (both _.Dot)
    check -2.0 2.0 [ 3, 5 ] (one _.T)
    check -2.0 2.0 [ 3, 5 ] (one (fun a -> a.Dot a.T))

[<Fact>]
let ``sums along rows and columns, means and norms`` () =
    for f in [ Traced.sumRows; Traced.sumColumns; Traced.sum; Traced.batchMean; Traced.rowNorms ] do
        check 0.1 2.0 [ 3, 4 ] (one f)

[<Fact>]
let ``functions of elements`` () =
    for f in [ Traced.exp; Traced.tanh; Traced.square; (fun a -> -0.7 * a) ] do
        check -2.0 2.0 [ 3, 4 ] (one f)

    for low, high in [ 0.1, 2.0; -2.0, -0.1 ] do
        for f in [ Traced.relu; Traced.abs; Traced.Reciprocal ] do
            check low high [ 3, 4 ] (one f)

    for f in [ Traced.sqrt; Traced.power 0.5; Traced.power 1.0; Traced.power 2.5 ] do
        check 0.1 2.0 [ 3, 4 ] (one f)

[<Fact>]
let ``a masked value has no gradient where it is dropped`` () =
    check -2.0 2.0 [ 3, 4 ] (one (Traced.where (Array2D.init 3 4 (fun i j -> (i + j) % 2 = 0))))

[<Fact>]
let ``a value used in several places gets the sum of its gradients`` () =
    check
        -1.0
        1.0
        [ 3, 3; 1, 3 ]
        (both (fun a b -> Traced.tanh (a * b + a.Dot a) * a + Traced.exp b * a.T))

[<Fact>]
let ``given derivatives are used as they are, and summed over a broadcast operand`` () =
    let a, b = Traced.variable (Array2D.create 2 2 5.0), Traced.variable (Array2D.create 1 2 7.0)
    let derivative = array2D [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ]
    let result = Traced.given (Array2D.zeroCreate 2 2) [ a, derivative; b, derivative ]
    let gradients = Gradient.ofScalar (Traced.sum (3.0 * result)) [ a; b ]
    Assert.Equal(array2D [ [ 3.0; 6.0 ]; [ 9.0; 12.0 ] ], gradients[0])
    Assert.Equal(array2D [ [ 12.0; 18.0 ] ], gradients[1])

[<Fact>]
let ``nothing flows through a stopped value, to a constant, or to a variable without a part`` () =
    let a, c = Traced.variable (Array2D.create 2 2 3.0), Traced.variable (Array2D.create 1 5 1.0)
    let result = Traced.sum (Traced.stop a * a * Traced.constant (Array2D.create 2 2 2.0))
    let gradients = Gradient.ofScalar result [ a; c ]
    Assert.Equal(Array2D.create 2 2 6.0, gradients[0])
    Assert.Equal(Array2D.zeroCreate<float> 1 5, gradients[1])

[<Fact>]
let ``at kinks and poles the derivative is 0`` () =
    let zero = Traced.variable (array2D [ [ 0.0 ] ])

    for f in
        [ Traced.relu
          Traced.abs
          Traced.sqrt
          Traced.power 1.0
          Traced.power 0.5
          Traced.Reciprocal ] do
        let result = f zero
        Assert.Equal(0.0, result.Scalar)
        Assert.Equal(array2D [ [ 0.0 ] ], (Gradient.ofScalar result [ zero ]).Head)

[<Fact>]
let ``a zero divided by zero is zero, and so are its derivatives`` () =
    let a, b =
        Traced.variable (array2D [ [ 0.0; 2.0 ] ]), Traced.variable (array2D [ [ 0.0; 0.0 ] ])

    let quotient = a / b
    Assert.Equal(array2D [ [ 0.0; 0.0 ] ], quotient.Value)

    for gradient in Gradient.ofScalar (Traced.sum quotient) [ a; b ] do
        Assert.Equal(array2D [ [ 0.0; 0.0 ] ], gradient)

[<Fact>]
let ``operands that do not fit are refused`` () =
    let matrix rows cols =
        Traced.variable (Array2D.create rows cols 1.0)

    let refused (f: unit -> Traced) =
        Assert.Throws<ArgumentException>(fun () -> f () |> ignore) |> ignore

    refused (fun () -> matrix 2 3 + matrix 3 3)
    refused (fun () -> matrix 2 3 * matrix 2 2)
    refused (fun () -> (matrix 2 3).Dot(matrix 2 3))
