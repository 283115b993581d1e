namespace SynthSae.Compute.Training

open SynthSae.Compute
open SynthSae.Compute.Autodiff
open SynthSae.Compute.Ops

/// Numbers of a state, in the precision of the backend that trains.
[<RequireQualifiedAccess>]
type StateArray =
    /// Float32 (rows, cols).
    | Matrix of Matrix
    /// Float32.
    | Vector of float32[]
    /// Float64, row-major.
    | Double of shape: int list * float[]

/// Everything that the steps to come depend on beside the specification and the batches. It shares nothing with
/// the trainer. What only changes the time of a step is left out (the bound that selection guesses), and so is
/// what follows from the rest (decoder norms, which latents are dead, learning rate, place in the stream).
type TrainerState =
    {
        /// Of which trainer: `Trainer.Identity`.
        Identity: string
        /// Steps done.
        Steps: int64
        /// Samples seen.
        Samples: int64
        /// (L): steps since each latent last fired.
        StepsSinceFired: int[]
        /// Parameters and Adam's moments, in the precision of the backend; and what controllers carry.
        Arrays: Map<string, StateArray>
    }

module TrainerState =
    /// To be raised when states of earlier versions must not be continued: when their content changes, or the
    /// results of a step.
    [<Literal>]
    let Version = "trainer 3"

    let internal fail problem =
        raise (BadInput("state of training", problem))

    /// Raise `BadInput` unless the state is of this trainer and of L latents.
    let internal check (identity: string) latents (state: TrainerState) =
        if state.Identity <> identity then
            fail "is of another specification, backend or version"

        if state.StepsSinceFired.Length <> latents then
            fail $"is of {state.StepsSinceFired.Length} latents, not {latents}"

/// Parameters and moments of the implementations of a step, to and from the arrays of a state.
module internal StateArrays =
    let private prefixes = [ "parameters"; "mean"; "square" ]

    let private named (prefix: string) (values: (string * StateArray) list) =
        values |> List.map (fun (name, value) -> $"{prefix}.{name}", value)

    let private find (arrays: Map<string, StateArray>) name =
        match Map.tryFind name arrays with
        | Some value -> value
        | None -> TrainerState.fail $"has no {name}"

    let private unfit name =
        TrainerState.fail $"{name} is of another type or size"

    // ---- numbers of controllers ------------------------------------------------------------------

    /// A number under a name.
    let ofNumber (name: string) (value: float) =
        $"state.{name}", StateArray.Double([], [| value |])

    /// The number of that name.
    let number (arrays: Map<string, StateArray>) (name: string) : float =
        match find arrays $"state.{name}" with
        | StateArray.Double([], [| value |]) -> value
        | _ -> unfit name

    /// Numbers under a name.
    let ofNumbers (name: string) (values: float[]) =
        $"state.{name}", StateArray.Double([ values.Length ], Array.copy values)

    /// A copy of the numbers of that name.
    let numbers (arrays: Map<string, StateArray>) (name: string) : float[] =
        match find arrays $"state.{name}" with
        | StateArray.Double([ _ ], values) -> Array.copy values
        | _ -> unfit name

    // ---- float32, in the layout of `Sae` ---------------------------------------------------------

    /// Copies of everything.
    let ofSparse (state: SparseState) : Map<string, StateArray> =
        (prefixes, state.Parts)
        ||> List.map2 (fun prefix values ->
            named
                prefix
                [ for name, matrix in values.Matrices do
                      name, StateArray.Matrix(Matrix.copy matrix)
                  for name, vector in values.Vectors do
                      name, StateArray.Vector(Array.copy vector) ])
        |> List.concat
        |> Map.ofList

    let private readInto (arrays: Map<string, StateArray>) prefix (values: Parameters) =
        let matrix (name, target: Matrix) =
            let name = $"{prefix}.{name}"

            match find arrays name with
            | StateArray.Matrix source when source.Rows = target.Rows && source.Cols = target.Cols ->
                fun () -> source.Span.CopyTo target.Span
            | _ -> unfit name

        let vector (name, target: float32[]) =
            let name = $"{prefix}.{name}"

            match find arrays name with
            | StateArray.Vector source when source.Length = target.Length ->
                fun () -> Array.blit source 0 target 0 source.Length
            | _ -> unfit name

        List.map matrix values.Matrices @ List.map vector values.Vectors

    /// Write everything into the state's arrays, or raise `BadInput` before the first is touched.
    let copyInto (state: SparseState) (arrays: Map<string, StateArray>) =
        let copies = (prefixes, state.Parts) ||> List.map2 (readInto arrays) |> List.concat

        for copy in copies do
            copy ()

    // ---- float64, in the reference's layout ------------------------------------------------------

    let private ofTable (a: float[,]) =
        StateArray.Double([ DenseAlgebra.rows a; DenseAlgebra.cols a ], DenseAlgebra.elements a)

    /// Copies of everything.
    let ofDense (state: DenseState) : Map<string, StateArray> =
        (prefixes, [ state.Parameters; state.M; state.V ])
        ||> List.map2 (fun prefix values ->
            named prefix [ for name, table in Map.toList values -> name, ofTable table ])
        |> List.concat
        |> Map.ofList

    let private readDense (arrays: Map<string, StateArray>) prefix (like: DenseParameters) =
        like
        |> Map.map (fun name like ->
            let name = $"{prefix}.{name}"
            let rows, cols = DenseAlgebra.rows like, DenseAlgebra.cols like

            match find arrays name with
            | StateArray.Double(shape, values) when shape = [ rows; cols ] ->
                Array2D.init rows cols (fun i j -> values[i * cols + j])
            | _ -> unfit name)

    /// `state` with these parameters and moments.
    let toDense (arrays: Map<string, StateArray>) (state: DenseState) : DenseState =
        let read prefix =
            readDense arrays prefix state.Parameters

        { state with
            Parameters = read prefixes[0]
            M = read prefixes[1]
            V = read prefixes[2] }
