namespace SynthSae.Compute.Baselines

open SynthSae.Compute

/// How samples are encoded: from the true features of a batch and x (B, D) to latents (B, L) and x̂ (B, D). It
/// keeps buffers, and serves one batch at a time.
type internal Coder = Codes -> Matrix -> Codes -> Matrix -> unit

module internal Coders =
    /// The entries of the first features.
    let private firstFeatures (source: Codes) (target: Codes) =
        target.Reset(source.Rows, source.Count)
        let mutable next = 0

        for row in 0 .. source.Rows - 1 do
            target.RowStart[row] <- next

            for entry in source.RowStart[row] .. source.RowStart[row + 1] - 1 do
                if source.Index[entry] < target.Width then
                    target.Index[next] <- source.Index[entry]
                    target.Value[next] <- source.Value[entry]
                    next <- next + 1

        target.RowStart[source.Rows] <- next

    /// The true activations.
    let truth backend (world: World) width : Coder =
        let decoder = Products.firstRows world.Dictionary width

        fun active _ latents xHat ->
            firstFeatures active latents
            Products.decode backend latents decoder world.Bias xHat

    /// An SAE that fires above thresholds.
    let above (sae: Sae) (thresholds: float32[]) : Sae =
        { sae with Activation = Activation.JumpRelu thresholds }

    /// Encode and decode by an SAE.
    let ofInference backend (inference: Inference) : Coder =
        let runner = SaeRunner(backend, inference)

        fun _ x latents xHat ->
            runner.Encode(x, latents)
            runner.Decode(latents, xHat)

    /// The x (B, D) on which `refined` takes its second scores: x + step·(x − x̂), x̂ by `first`.
    let correct backend (first: Sae) (step: float) (x: Matrix) : Matrix =
        let runner = SaeRunner(backend, first)
        let latents = Codes first.Latents
        let result = Matrix(x.Rows, x.Cols)
        let size = 1024

        for start in 0..size .. x.Rows - 1 do
            let batch = Matrix(min size (x.Rows - start), x.Cols)
            x.Span.Slice(start * x.Cols, batch.Length).CopyTo batch.Span
            let corrected = Matrix(batch.Rows, batch.Cols)
            runner.Encode(batch, latents)
            runner.Decode(latents, corrected)
            Refine.input step batch corrected
            corrected.Span.CopyTo(result.Span.Slice(start * x.Cols, batch.Length))

        result

    /// `first`, and once more after a correction, above other thresholds.
    let refined (first: Sae) (step: float) (thresholds: float32[]) : Sae =
        { above first thresholds with
            Refinement = Some { Eta = step; First = first.Activation } }

    /// Matching pursuit over `atoms`; of the latents, the first L are reported.
    let pursuit backend (atoms: Matrix) bias steps leastCorrelation leastCoefficient : Coder =
        let codes = Codes atoms.Rows

        fun _ x latents xHat ->
            Pursuit.run backend atoms bias steps leastCorrelation leastCoefficient x codes
            firstFeatures codes latents
            Products.decode backend codes atoms bias xHat
