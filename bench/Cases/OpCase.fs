namespace SynthSae.Bench

open System
open SynthSae.Compute
open SynthSae.Compute.Cuda

/// How well a result agrees with what was wanted.
type Agreement =
    {
        /// The largest difference in units of what is allowed: at most 1 when it agrees, infinite where a number is
        /// not finite or something discrete differs.
        Worst: float
        /// What differs most, and where.
        Where: string
    }

    /// Whether it agrees.
    member agreement.Holds = agreement.Worst <= 1.0

module Agreement =
    /// Nothing differs.
    let exact = { Worst = 0.0; Where = "" }

    /// Something discrete differs.
    let differs where = { Worst = infinity; Where = where }

    /// The worse of two.
    let worse a b =
        if b.Worst > a.Worst || Double.IsNaN b.Worst then b else a

    /// The worst of several.
    let all (agreements: Agreement seq) = Seq.fold worse exact agreements

    /// One number beside another, with the difference that is allowed.
    let number name (allowed: float) (expected: float) (actual: float) =
        let difference = abs (actual - expected)

        if actual = expected || (Double.IsNaN actual && Double.IsNaN expected) then
            exact
        elif not (Double.IsFinite difference) then
            differs $"{name}: {actual}, not {expected}"
        else
            { Worst =
                if difference = 0.0 then 0.0
                elif allowed > 0.0 then difference / allowed
                else infinity
              Where = $"{name}: {actual}, not {expected} within {allowed}" }

    /// Numbers beside numbers; `allowed` by place.
    let numbers name (allowed: int -> float) (expected: float32[]) (actual: float32[]) =
        if expected.Length <> actual.Length then
            differs $"{name}: {actual.Length} numbers, not {expected.Length}"
        else
            Seq.init expected.Length (fun i ->
                number $"{name}[{i}]" (allowed i) (float expected[i]) (float actual[i]))
            |> all

    /// The same bits.
    let bits name (expected: float32[]) (actual: float32[]) =
        if expected.Length <> actual.Length then
            differs $"{name}: {actual.Length} numbers, not {expected.Length}"
        else
            Seq.init expected.Length (fun i ->
                let a, b =
                    BitConverter.SingleToInt32Bits expected[i],
                    BitConverter.SingleToInt32Bits actual[i]

                if a = b then exact else differs $"{name}[{i}]: {actual[i]}, not {expected[i]}")
            |> all

    /// The same things in the same order.
    let same name (expected: 'T[]) (actual: 'T[]) =
        if expected = actual then
            exact
        else
            let i =
                Seq.tryFindIndex id (Seq.map2 (<>) expected actual)
                |> Option.defaultValue (min expected.Length actual.Length)

            let at (values: 'T[]) =
                if i < values.Length then string (box values[i]) else "nothing"

            differs $"{name}[{i}]: {at actual}, not {at expected}"

    /// Matrices beside matrices; `allowed` by row and column.
    let matrix name (allowed: int -> int -> float) (expected: Matrix) (actual: Matrix) =
        numbers
            name
            (fun i -> allowed (i / expected.Cols) (i % expected.Cols))
            (expected.Span.ToArray())
            (actual.Span.ToArray())

    /// The same codes to the bit.
    let codes name (expected: Codes) (actual: Codes) =
        let starts (codes: Codes) = codes.RowStart[.. codes.Rows]
        let indices (codes: Codes) = codes.Index[.. codes.Count - 1]
        let values (codes: Codes) = codes.Value[.. codes.Count - 1]

        [ same $"{name}.RowStart" (starts expected) (starts actual)
          same $"{name}.Index" (indices expected) (indices actual)
          bits $"{name}.Value" (values expected) (values actual) ]
        |> all

/// An op on a GPU compared with the Reference backend, on inputs of its own.
type OpCase =
    {
        /// The op's folder.
        Op: string
        /// What is special about the inputs.
        Name: string
        Run: Gpu -> Agreement
    }

    override case.ToString() = $"{case.Op}: {case.Name}"

/// An op to be timed at the sizes of the 16k benchmark.
type OpTiming =
    {
        Op: string
        Name: string
        /// Bytes that must be moved from or to the GPU's memory, at least.
        Bytes: float
        /// FLOPs of the matrix units.
        Flops: float
        /// Gets everything ready; what comes back runs the op once.
        Prepare: Gpu -> (unit -> unit)
    }
