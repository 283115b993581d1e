namespace SynthSae.Tests

open System.Collections.Generic
open SynthSae.Compute.Autodiff

/// How far float32 arithmetic may lie from a traced formula and from its gradients: running error analysis to
/// first order. A sum in float32 errs by about ε = 2⁻²⁴ times the sum of its terms' absolute values (its
/// roundings are independent; the worst case, n·ε times that, needs them all to conspire); 2·ε is allowed for
/// each operation on top of what its operands' errors do to it.
module RoundingErrors =
    /// 2·ε.
    let rounding = 2.0 ** -23.0

    let private size (a: float[,]) = Array2D.map abs a
    let private plus = DenseAlgebra.map2 (+)
    let private times a b = DenseAlgebra.map2 (*) (size a) (size b)
    let private product a b = DenseAlgebra.multiply (size a) (size b)

    let private rounded a =
        Array2D.map (fun value -> rounding * abs value) a

    let private sumLike (shape: float[,]) a =
        DenseAlgebra.sumTo (DenseAlgebra.rows shape) (DenseAlgebra.cols shape) a

    /// a·b with the errors of both: |a|·δb + δa·|b| + 2ε·|a|·|b|, for a bilinear `combine` of sizes.
    let private bilinear combine (a, errorA) (b, errorB) =
        plus (plus (combine a errorB) (combine errorA b)) (rounded (combine a b))

    /// |f′(x + δ) − f′(x)|, the larger of both directions.
    let private derivativeErrors (derivative: float -> float) (x: float[,]) (error: float[,]) =
        DenseAlgebra.map2
            (fun x e ->
                let at = derivative x
                max (abs (derivative (x + e) - at)) (abs (derivative (x - e) - at)))
            x
            error

    /// How far round(a ± error) may lie from round(a), for a function that never decreases.
    let private roundedErrors (round: float -> float) (a: float[,]) (error: float[,]) =
        DenseAlgebra.map2
            (fun a e -> max (round (a + e) - round a) (round a - round (a - e)))
            a
            error

    let private forward (errorOf: Traced -> float[,]) (node: Traced) =
        match node.Origin with
        | Origin.Constant
        | Origin.Variable -> Array2D.map (fun _ -> 0.0) node.Value
        | Origin.Stopped a -> errorOf a
        | Origin.Plus(a, b) -> plus (plus (errorOf a) (errorOf b)) (rounded node.Value)
        | Origin.Times(a, b) -> bilinear times (a.Value, errorOf a) (b.Value, errorOf b)
        | Origin.Product(a, b) -> bilinear product (a.Value, errorOf a) (b.Value, errorOf b)
        | Origin.RoundedProduct(a, b, round) ->
            let operand (a: Traced) =
                Array2D.map round a.Value, roundedErrors round a.Value (errorOf a)

            bilinear product (operand a) (operand b)
        | Origin.Transpose a -> DenseAlgebra.transpose (errorOf a)
        | Origin.Sum a -> sumLike node.Value (plus (errorOf a) (rounded a.Value))
        | Origin.Map(a, derivative) ->
            plus (times (Array2D.map derivative a.Value) (errorOf a)) (rounded node.Value)
        | Origin.Given arguments ->
            (rounded node.Value, arguments)
            ||> List.fold (fun sum (a, derivative) -> plus sum (times derivative (errorOf a)))

    /// Bounds on the error of every value that went into `result`.
    let ofValues (result: Traced) : Traced -> float[,] =
        let errors = Dictionary<Traced, float[,]> HashIdentity.Reference

        for node in Gradient.history result do
            errors[node] <- forward (fun node -> errors[node]) node

        fun node -> errors[node]

    /// For each operand of `node`: the gradient that goes to it, and how far that may err.
    let private backward
        (errorOf: Traced -> float[,])
        (node: Traced)
        (g: float[,], error: float[,])
        =
        let g' = g, error

        let fit (operand: Traced) (value, error) =
            sumLike operand.Value value, sumLike operand.Value (plus error (rounded value))

        let transposed (a: Traced) =
            DenseAlgebra.transpose a.Value, DenseAlgebra.transpose (errorOf a)

        let scaled (a: Traced) derivative derivativeError =
            fit
                a
                (DenseAlgebra.map2 (*) g derivative, bilinear times g' (derivative, derivativeError))

        match node.Origin with
        | Origin.Constant
        | Origin.Variable
        | Origin.Stopped _ -> []
        | Origin.Plus(a, b) -> [ a, fit a g'; b, fit b g' ]
        | Origin.Times(a, b) -> [ a, scaled a b.Value (errorOf b); b, scaled b a.Value (errorOf a) ]
        | Origin.Product(a, b)
        | Origin.RoundedProduct(a, b, _) ->
            let bT, aT = transposed b, transposed a

            [ a, (DenseAlgebra.multiply g (fst bT), bilinear product g' bT)
              b, (DenseAlgebra.multiply (fst aT) g, bilinear product aT g') ]
        | Origin.Transpose a -> [ a, (DenseAlgebra.transpose g, DenseAlgebra.transpose error) ]
        | Origin.Sum a ->
            let spread value =
                DenseAlgebra.map2 (fun _ g -> g) a.Value value

            [ a, (spread g, spread error) ]
        | Origin.Map(a, derivative) ->
            [ a,
              scaled
                  a
                  (Array2D.map derivative a.Value)
                  (derivativeErrors derivative a.Value (errorOf a)) ]
        | Origin.Given arguments ->
            arguments
            |> List.map (fun (a, derivative) -> a, scaled a derivative (rounded derivative))

    /// Bounds on the errors of the gradients of `result` by these variables.
    let ofGradient (result: Traced) (variables: Traced list) : float[,] list =
        let errorOf = ofValues result
        let gradients = Dictionary<Traced, float[,] * float[,]> HashIdentity.Reference
        gradients[result] <- (array2D [ [ 1.0 ] ], array2D [ [ 0.0 ] ])

        for node in List.rev (Gradient.history result) do
            match gradients.TryGetValue node with
            | true, gradient when node.IsTracked ->
                for operand, (value, error) in backward errorOf node gradient do
                    gradients[operand] <-
                        match gradients.TryGetValue operand with
                        | true, (sum, sumError) ->
                            let sizes = plus (size sum) (size value)
                            plus sum value, plus (plus sumError error) (rounded sizes)
                        | _ -> value, error
            | _ -> ()

        variables
        |> List.map (fun variable ->
            match gradients.TryGetValue variable with
            | true, (_, error) -> error
            | _ -> Array2D.map (fun _ -> 0.0) variable.Value)
