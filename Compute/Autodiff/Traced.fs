namespace SynthSae.Compute.Autodiff

open System
open System.Collections.Generic

/// How a traced matrix was computed: the operations whose derivatives are known. Everything else is
/// composed of them.
[<RequireQualifiedAccess; ReferenceEquality>]
type Origin =
    /// A number that no gradient goes to.
    | Constant
    /// What gradients are asked for.
    | Variable
    /// a + b, where one row or one column stands for as many as the other operand has.
    | Plus of Traced * Traced
    /// a ∘ b, element by element, in the same sense.
    | Times of Traced * Traced
    /// A · B.
    | Product of Traced * Traced
    /// round(A) · round(B) by elements, where `round` never decreases; its derivatives are those of A · B.
    | RoundedProduct of Traced * Traced * round: (float -> float)
    /// Aᵀ.
    | Transpose of Traced
    /// The sum over rows, over columns or over both, as the shape of the value tells.
    | Sum of Traced
    /// f(a_ij) with f′.
    | Map of Traced * derivative: (float -> float)
    /// A function of elements whose derivative by each argument is given as a matrix: a true one, or
    /// one that stands for it where there is none.
    | Given of (Traced * float[,]) list
    /// The same value, through which no gradient goes.
    | Stopped of Traced

/// A matrix of doubles that remembers how it was computed, so that gradients follow from the formula
/// by reverse accumulation.
and [<Sealed>] Traced(value: float[,], origin: Origin) =
    let tracked =
        match origin with
        | Origin.Variable -> true
        | Origin.Constant
        | Origin.Stopped _ -> false
        | Origin.Plus(a, b)
        | Origin.Times(a, b)
        | Origin.Product(a, b)
        | Origin.RoundedProduct(a, b, _) -> a.IsTracked || b.IsTracked
        | Origin.Transpose a
        | Origin.Sum a
        | Origin.Map(a, _) -> a.IsTracked
        | Origin.Given arguments -> arguments |> List.exists (fun (a, _) -> a.IsTracked)

    member _.Value: float[,] = value
    member _.Origin: Origin = origin

    /// Whether a variable went into it.
    member _.IsTracked: bool = tracked

    /// The number of rows.
    member _.Rows = Array2D.length1 value

    /// The number of columns.
    member _.Cols = Array2D.length2 value

    /// The only element of a 1 × 1 matrix.
    member _.Scalar = Seq.exactlyOne (Seq.cast<float> value)

    /// A · B.
    member a.Dot(b: Traced) =
        Traced(DenseAlgebra.multiply a.Value b.Value, Origin.Product(a, b))

    /// round(A) · round(B), differentiated as A · B.
    member a.DotRounded(round: float -> float, b: Traced) =
        let rounded (a: Traced) = Array2D.map round a.Value
        Traced(DenseAlgebra.multiply (rounded a) (rounded b), Origin.RoundedProduct(a, b, round))

    /// Aᵀ.
    member a.T = Traced(DenseAlgebra.transpose value, Origin.Transpose a)

    static member (+)(a: Traced, b: Traced) =
        Traced(DenseAlgebra.map2 (+) a.Value b.Value, Origin.Plus(a, b))

    static member (*)(a: Traced, b: Traced) =
        Traced(DenseAlgebra.map2 (*) a.Value b.Value, Origin.Times(a, b))

    static member (*)(factor: float, a: Traced) =
        Traced(Array2D.map ((*) factor) a.Value, Origin.Map(a, (fun _ -> factor)))

    static member (-)(a: Traced, b: Traced) = a + -1.0 * b

    /// a / b, and 0 where b is 0.
    static member (/)(a: Traced, b: Traced) = a * Traced.Reciprocal b

    /// 1 / a, and 0 where a is 0.
    static member Reciprocal(a: Traced) =
        let inverse = DenseAlgebra.reciprocal

        Traced(
            Array2D.map inverse a.Value,
            Origin.Map(a, (fun value -> -(inverse value * inverse value)))
        )

/// Functions of traced matrices.
module Traced =
    let constant value = Traced(value, Origin.Constant)
    let variable value = Traced(value, Origin.Variable)

    /// The same value, through which no gradient goes.
    let stop (a: Traced) = Traced(a.Value, Origin.Stopped a)

    let private map f derivative (a: Traced) =
        Traced(Array2D.map f a.Value, Origin.Map(a, derivative))

    /// max(a, 0); its derivative at 0 is 0.
    let relu a =
        map (max 0.0) (fun value -> if value > 0.0 then 1.0 else 0.0) a

    let exp a = map Math.Exp Math.Exp a

    let tanh a =
        map Math.Tanh (fun value -> 1.0 - Math.Tanh value ** 2.0) a

    let square a =
        map (fun value -> value * value) (fun value -> 2.0 * value) a

    /// |a|; its derivative at 0 is 0.
    let abs a = map Math.Abs (Math.Sign >> float) a

    /// a^p of values of at least 0; its derivative at 0 is taken as 0.
    let power p a =
        let derivative value =
            if value = 0.0 then 0.0 else p * value ** (p - 1.0)

        map (fun value -> value ** p) derivative a

    /// √a; its derivative at 0 is taken as 0.
    let sqrt a =
        map Math.Sqrt (fun value -> 0.5 * DenseAlgebra.reciprocal (Math.Sqrt value)) a

    let private sumTo rows cols (a: Traced) =
        Traced(DenseAlgebra.sumTo rows cols a.Value, Origin.Sum a)

    /// Sum of each row, as a column.
    let sumRows (a: Traced) = sumTo a.Rows 1 a

    /// Sum of each column, as a row.
    let sumColumns (a: Traced) = sumTo 1 a.Cols a

    /// Sum of everything.
    let sum (a: Traced) = sumTo 1 1 a

    /// Sum over columns, mean over rows: what losses are, of a batch (B, …).
    let batchMean (a: Traced) = 1.0 / float a.Rows * sum a

    /// ‖row‖ of each row, as a row (1, rows).
    let rowNorms (a: Traced) = (a |> square |> sumRows |> sqrt).T

    /// a where `keep`, 0 elsewhere.
    let where (keep: bool[,]) (a: Traced) =
        a * constant (Array2D.map (fun keep -> if keep then 1.0 else 0.0) keep)

    /// A value computed elsewhere, with the derivative that each argument is to have.
    let given value arguments = Traced(value, Origin.Given arguments)

/// Gradients by reverse accumulation.
module Gradient =
    /// A gradient by a result with broadcast operands, as one by the operand.
    let private fit (operand: Traced) gradient =
        DenseAlgebra.sumTo operand.Rows operand.Cols gradient

    /// What a gradient by `result` means for what it was computed from.
    let private pullbacks (result: Traced) : (Traced * (float[,] -> float[,])) list =
        let times = DenseAlgebra.map2 (*)

        match result.Origin with
        | Origin.Constant
        | Origin.Variable
        | Origin.Stopped _ -> []
        | Origin.Plus(a, b) -> [ a, fit a; b, fit b ]
        | Origin.Times(a, b) -> [ a, times b.Value >> fit a; b, times a.Value >> fit b ]
        | Origin.Product(a, b)
        | Origin.RoundedProduct(a, b, _) ->
            [ a, (fun g -> DenseAlgebra.multiply g (DenseAlgebra.transpose b.Value))
              b, DenseAlgebra.multiply (DenseAlgebra.transpose a.Value) ]
        | Origin.Transpose a -> [ a, DenseAlgebra.transpose ]
        | Origin.Sum a -> [ a, (fun g -> DenseAlgebra.map2 (fun _ g -> g) a.Value g) ]
        | Origin.Map(a, derivative) -> [ a, times (Array2D.map derivative a.Value) ]
        | Origin.Given arguments ->
            arguments |> List.map (fun (a, derivative) -> a, times derivative >> fit a)

    /// What a traced matrix was computed from.
    let parents (result: Traced) =
        match result.Origin with
        | Origin.Constant
        | Origin.Variable -> []
        | Origin.Stopped a
        | Origin.Transpose a
        | Origin.Sum a
        | Origin.Map(a, _) -> [ a ]
        | Origin.Plus(a, b)
        | Origin.Times(a, b)
        | Origin.Product(a, b)
        | Origin.RoundedProduct(a, b, _) -> [ a; b ]
        | Origin.Given arguments -> List.map fst arguments

    /// Everything that went into `result`, each after what it was computed from.
    let history (result: Traced) : Traced list =
        let seen = HashSet<Traced> HashIdentity.Reference
        let mutable order = []

        let rec visit node =
            if seen.Add node then
                List.iter visit (parents node)
                order <- node :: order

        visit result
        List.rev order

    /// The gradients of a 1 × 1 matrix by these variables, in their shapes.
    let ofScalar (result: Traced) (variables: Traced list) : float[,] list =
        let gradients = Dictionary<Traced, float[,]> HashIdentity.Reference

        let add (node: Traced) gradient =
            gradients[node] <-
                match gradients.TryGetValue node with
                | true, sum -> DenseAlgebra.map2 (+) sum gradient
                | _ -> gradient

        add result (Array2D.create 1 1 1.0)

        for node in List.rev (history result) do
            match gradients.TryGetValue node with
            | true, gradient when node.IsTracked ->
                for parent, pull in pullbacks node do
                    if parent.IsTracked then
                        add parent (pull gradient)
            | _ -> ()

        variables
        |> List.map (fun variable ->
            match gradients.TryGetValue variable with
            | true, gradient -> gradient
            | _ -> Array2D.zeroCreate variable.Rows variable.Cols)
