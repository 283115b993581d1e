namespace SynthSae.Compute.Training

open SynthSae.Compute

/// How an architecture comes from inputs to latents, and back from the error of their reconstruction to all
/// gradients.
type ILatents =
    /// Latents of x (B, D). Returns the least compared value that the selection kept, 0 where that has no meaning.
    abstract Forward: x: Matrix * settings: StepSettings * codes: Codes -> float32

    /// The least compared value that a first selection kept; 0 without one.
    abstract FirstSmallest: float32

    /// All gradients of the batch that was last encoded, written, and the terms of the loss beside the errors.
    abstract Backward:
        x: Matrix *
        codes: Codes *
        settings: StepSettings *
        reconstruction: Reconstruction *
        gradients: Parameters ->
            (string * float) list

    /// After the parameters have changed.
    abstract Refresh: unit -> unit

/// What the implementations share.
module internal LatentParts =
    /// The dead latents, ascending.
    let indices (dead: bool[]) =
        if Array.contains true dead then
            [| 0 .. dead.Length - 1 |] |> Array.filter (Array.get dead)
        else
            [||]

    /// Gradients by decoder norms (L), carried to the rows of W_dec by ∂‖w‖/∂w = w/‖w‖.
    let throughNorms threads (sae: Sae) (norms: float32[]) (byNorm: float32[]) (gradient: Matrix) =
        Threads.ranges threads sae.Latents 64 (fun _ first last ->
            for j in first .. last - 1 do
                if byNorm[j] <> 0.0f && norms[j] > 0.0f then
                    let factor = byNorm[j] / norms[j]
                    Simd.addScaled factor (sae.Decoder.RowPtr j) (gradient.RowPtr j) sae.Dim)

    /// A buffer of at least so many numbers, the first of them 0.
    let cleared (buffer: byref<float32[]>) count =
        if buffer.Length < count then
            buffer <- Array.zeroCreate (2 * count)

        System.Array.Clear(buffer, 0, count)
