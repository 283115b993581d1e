namespace SynthSae.Compute.Baselines

open SynthSae.Compute

/// Linear scores of the first L features, in the form of SAEs whose pre-activations they are and whose decoder is
/// the truth; any positive score fires.
module Detectors =
    /// An SAE whose pre-activations are encoder·(x − bias) + offset.
    let internal sae (world: World) (encoder: Matrix) offset : Sae =
        let decoder = Products.firstRows world.Dictionary encoder.Rows
        Sae.create encoder decoder offset (Array.copy world.Bias) Activation.Relu

    /// Offset (L) with which e_i·(x − bias) + offset has the given means (L).
    let internal offsets (world: World) (mean: float32[]) (encoder: Matrix) (means: float[]) =
        Array.init encoder.Rows (fun i ->
            let row = encoder.Row i
            let mutable centre = 0.0

            for d in 0 .. row.Length - 1 do
                centre <- centre + float row[d] * (float mean[d] - float world.Bias[d])

            float32 (means[i] - centre))

    /// (x − bias)·d_i.
    let tied (world: World) width : Sae =
        sae world (Products.firstRows world.Dictionary width) (Array.zeroCreate width)

    /// δᵢᵀΣ⁻¹δᵢ (L) from C⁻¹δᵢ, the rows of `white` (L, D).
    let internal separations (white: Matrix) =
        Array.init white.Rows (Rows.squaredNormAt white)

    /// Fisher's discriminants a·Σ⁻¹δᵢ·(x − μ) + E[c_i], with a such that the mean score is the feature's mean
    /// amplitude where it is active, and 0 where it is silent. 0 for a feature that never fired.
    let lda backend (world: World) (means: ClassMeans) (whitening: Whitening) : Sae =
        let width = means.Difference.Rows
        let white = Whitening.apply backend whitening means.Difference
        let separation = separations white

        for i in 0 .. width - 1 do
            let scale = if separation[i] > 0.0 then means.Amplitude i / separation[i] else 0.0
            Rows.scale (white.Row i) scale

        let encoder = Whitening.unapply backend whitening white

        let expected =
            Array.init width (fun i -> if separation[i] > 0.0 then means.Mean[i] else 0.0)

        sae world encoder (offsets world whitening.Mean encoder expected)
