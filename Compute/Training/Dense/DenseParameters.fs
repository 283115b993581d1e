namespace SynthSae.Compute.Training

open SynthSae.Compute
open SynthSae.Compute.Autodiff
open SynthSae.Spec

/// The parameters of an SAE in double precision, in the reference's names and orientation: W_enc (D, L),
/// W_dec (L, D), b_dec (1, D), and (1, L) each of b_enc, threshold or log_threshold, b_gate, b_mag, r_mag, as the
/// architecture has them. Gradients and Adam's moments have the same form.
type DenseParameters = Map<string, float[,]>

module DenseParameters =
    let private ofVector = Array.map float >> DenseAlgebra.ofVector

    let private threshold architecture values =
        match architecture with
        | SaeArchitecture.JumpRelu { Parameter = ThresholdParameter.Log } ->
            "log_threshold", Array2D.map log (ofVector values)
        | _ -> "threshold", ofVector values

    /// What a forward pass needs beside W_dec and b_dec.
    let private encoder architecture (sae: Sae) =
        let weights = "W_enc", DenseAlgebra.transpose (DenseAlgebra.ofMatrix sae.Encoder)
        let bias = ofVector sae.EncoderBias

        match sae.Activation with
        | Activation.Pursuit _ -> []
        | Activation.Gated(scale, magnitude) ->
            [ weights; "b_gate", bias; "r_mag", ofVector scale; "b_mag", ofVector magnitude ]
        | Activation.JumpRelu values -> [ weights; "b_enc", bias; threshold architecture values ]
        | Activation.Relu
        | Activation.TopK _
        | Activation.AbsTopK _
        | Activation.BatchTopK _ -> [ weights; "b_enc", bias ]

    /// The parameters of an SAE of this architecture.
    let ofSae architecture (sae: Sae) : DenseParameters =
        Map(
            [ "W_dec", DenseAlgebra.ofMatrix sae.Decoder; "b_dec", ofVector sae.DecoderBias ]
            @ encoder architecture sae
        )

    let private vector (p: DenseParameters) name =
        DenseAlgebra.elements p[name] |> Array.map float32

    let private activation (p: DenseParameters) before =
        match before with
        | Activation.Gated _ -> Activation.Gated(vector p "r_mag", vector p "b_mag")
        | Activation.JumpRelu _ when p.ContainsKey "log_threshold" ->
            DenseAlgebra.elements p["log_threshold"]
            |> Array.map (exp >> float32)
            |> Activation.JumpRelu
        | Activation.JumpRelu _ -> Activation.JumpRelu(vector p "threshold")
        | other -> other

    /// `sae` with these parameters, rounded to float32.
    let toSae (sae: Sae) (p: DenseParameters) : Sae =
        let decoded =
            { sae with
                Decoder = DenseAlgebra.toMatrix p["W_dec"]
                DecoderBias = vector p "b_dec"
                Activation = activation p sae.Activation }

        match sae.Activation with
        | Activation.Pursuit _ -> decoded
        | _ ->
            { decoded with
                Encoder = DenseAlgebra.toMatrix (DenseAlgebra.transpose p["W_enc"])
                EncoderBias = vector p (if p.ContainsKey "b_gate" then "b_gate" else "b_enc") }

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
