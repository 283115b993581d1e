namespace SynthSae.Compute.Training

open SynthSae.Compute
open SynthSae.Compute.Autodiff

/// The parameters of an SAE in double precision, in the reference's names and orientation: W_enc (D, L),
/// W_dec (L, D), b_enc (1, L), b_dec (1, D). Gradients and Adam's moments have the same form.
type DenseParameters = Map<string, float[,]>

module DenseParameters =
    /// The parameters of an SAE.
    let ofSae (sae: Sae) : DenseParameters =
        let vector = Array.map float >> DenseAlgebra.ofVector

        Map
            [ "W_enc", DenseAlgebra.transpose (DenseAlgebra.ofMatrix sae.Encoder)
              "W_dec", DenseAlgebra.ofMatrix sae.Decoder
              "b_enc", vector sae.EncoderBias
              "b_dec", vector sae.DecoderBias ]

    /// `sae` with these parameters, rounded to float32.
    let toSae (sae: Sae) (p: DenseParameters) =
        let vector (name: string) =
            DenseAlgebra.elements p[name] |> Array.map float32

        { sae with
            Encoder = DenseAlgebra.toMatrix (DenseAlgebra.transpose p["W_enc"])
            Decoder = DenseAlgebra.toMatrix p["W_dec"]
            EncoderBias = vector "b_enc"
            DecoderBias = vector "b_dec" }

    /// f on each number.
    let map (f: float -> float) (p: DenseParameters) : DenseParameters =
        p |> Map.map (fun _ -> Array2D.map f)

    /// f on each pair of corresponding numbers.
    let map2 f (p: DenseParameters) (q: DenseParameters) : DenseParameters =
        p |> Map.map (fun name values -> DenseAlgebra.map2 f values q[name])

    /// Zeros of the same shapes.
    let zeros p = map (fun _ -> 0.0) p

    /// Element-wise sum.
    let add p q = map2 (+) p q

    /// The Euclidean norm over all parameters.
    let norm (p: DenseParameters) =
        p.Values |> Seq.sumBy DenseAlgebra.sumOfSquares |> sqrt
