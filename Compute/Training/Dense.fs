namespace SynthSae.Compute.Training

open SynthSae.Compute
open SynthSae.Spec

/// The parameters of an SAE in double precision, in the reference's names and orientation.
/// Gradients and Adam's moments have the same form.
type DenseParameters =
    {
        /// (D, L).
        W_enc: float[,]
        /// (L, D).
        W_dec: float[,]
        /// (L).
        b_enc: float[]
        /// (D).
        b_dec: float[]
    }

/// What the forward pass of one batch computed. Names are the reference's.
type DenseForward =
    {
        /// x − b_dec, or x where b_dec is not subtracted (B, D).
        Input: float[,]
        /// Input · W_enc + b_enc (B, L).
        Pre: float[,]
        /// ‖W_dec,j‖ (L), or ones without `rescale_acts_by_decoder_norm`.
        Norms: float[]
        /// pre_j · ‖W_dec,j‖ (B, L): what is compared.
        Hidden_pre: float[,]
        /// The entries that were selected (B, L), before the relu.
        Selected: bool[,]
        /// relu of the selected entries, 0 elsewhere (B, L).
        Feature_acts: float[,]
        /// (feature_acts / norms) · W_dec + b_dec (B, D).
        Sae_out: float[,]
    }

/// What AuxK (REFERENCE §9.3) works on: fixed numbers, none of which carries a gradient.
type DenseAuxiliary =
    {
        /// The min(D/2, dead) largest hidden_pre of each sample among dead latents (B, L).
        Selected: bool[,]
        /// min(dead / (D/2), 1) · `aux_loss_coefficient`.
        Scale: float
        /// x − sae_out (B, D), which the dead latents shall reconstruct.
        Residual: float[,]
    }

/// The terms of the loss; their sum is what is minimised.
type DenseLosses =
    {
        /// Squared error, summed over D, mean over the batch.
        Mse: float
        /// The AuxK term with its coefficient.
        Auxiliary_reconstruction: float
    }

    /// The loss.
    member losses.Total = losses.Mse + losses.Auxiliary_reconstruction

/// Matrices in double, as plain loops.
module DenseAlgebra =
    let rows (a: float[,]) = Array2D.length1 a
    let cols (a: float[,]) = Array2D.length2 a

    let transpose (a: float[,]) =
        Array2D.init (cols a) (rows a) (fun i j -> a[j, i])

    /// A · B.
    let multiply (a: float[,]) (b: float[,]) =
        let product = Array2D.zeroCreate (rows a) (cols b)

        for i in 0 .. rows a - 1 do
            for p in 0 .. cols a - 1 do
                if a[i, p] <> 0.0 then
                    for j in 0 .. cols b - 1 do
                        product[i, j] <- product[i, j] + a[i, p] * b[p, j]

        product

    let map2 f (a: float[,]) (b: float[,]) =
        Array2D.init (rows a) (cols a) (fun i j -> f a[i, j] b[i, j])

    /// f(a_ij, v_j).
    let mapRows f (a: float[,]) (v: float[]) =
        Array2D.mapi (fun _ j value -> f value v[j]) a

    let columnSums (a: float[,]) =
        Array.init (cols a) (fun j -> Seq.sum (seq { for i in 0 .. rows a - 1 -> a[i, j] }))

    let rowNorms (a: float[,]) =
        Array.init (rows a) (fun i ->
            sqrt (Seq.sum (seq { for j in 0 .. cols a - 1 -> a[i, j] ** 2.0 })))

    let sumOfSquares (a: float[,]) =
        a |> Seq.cast<float> |> Seq.sumBy (fun value -> value * value)

    let ofMatrix (a: Matrix) =
        Array2D.init a.Rows a.Cols (fun i j -> float a[i, j])

    let toMatrix (a: float[,]) =
        Matrix.init (rows a) (cols a) (fun i j -> float32 a[i, j])

    /// num / den, and 0 where den is 0: a decoder row of norm 0 neither decodes nor learns.
    let divide num den = if den = 0.0 then 0.0 else num / den

module DenseParameters =
    /// The parameters of an SAE.
    let ofSae (sae: Sae) =
        { W_enc = DenseAlgebra.transpose (DenseAlgebra.ofMatrix sae.Encoder)
          W_dec = DenseAlgebra.ofMatrix sae.Decoder
          b_enc = Array.map float sae.EncoderBias
          b_dec = Array.map float sae.DecoderBias }

    /// `sae` with these parameters, rounded to float32.
    let toSae (sae: Sae) (p: DenseParameters) =
        { sae with
            Encoder = DenseAlgebra.toMatrix (DenseAlgebra.transpose p.W_enc)
            Decoder = DenseAlgebra.toMatrix p.W_dec
            EncoderBias = Array.map float32 p.b_enc
            DecoderBias = Array.map float32 p.b_dec }

    /// f on each pair of corresponding numbers.
    let map2 f p q =
        { W_enc = DenseAlgebra.map2 f p.W_enc q.W_enc
          W_dec = DenseAlgebra.map2 f p.W_dec q.W_dec
          b_enc = Array.map2 f p.b_enc q.b_enc
          b_dec = Array.map2 f p.b_dec q.b_dec }

    /// f on each number.
    let map f p = map2 (fun value _ -> f value) p p

    /// Zeros of the same shapes.
    let zeros p = map (fun _ -> 0.0) p

    /// Element-wise sum.
    let add p q = map2 (+) p q

    /// The Euclidean norm over all parameters.
    let norm p =
        let vector = Array.sumBy (fun value -> value * value)

        sqrt (
            DenseAlgebra.sumOfSquares p.W_enc
            + DenseAlgebra.sumOfSquares p.W_dec
            + vector p.b_enc
            + vector p.b_dec
        )

/// The meaning of a training step: forward pass, loss terms and their gradients of the TopK family
/// in double precision, written as the formulas stand (REFERENCE §9.1, 9.3, 9.4). Faster
/// implementations are compared with it.
///
/// Selections prefer the larger value; among equal values TopK takes the lower latent, BatchTopK
/// the lower flat index b·L + j.
module Dense =
    /// The positions of the `count` largest values, ties to the lower position.
    let private largest count (values: float[]) =
        values
        |> Array.indexed
        |> Array.sortBy (fun (position, value) -> -value, position)
        |> Array.truncate count
        |> Array.map fst

    /// Mark in each row of `values` the `count` largest among the columns where `allowed`.
    let private largestOfRows count (allowed: int -> bool) (values: float[,]) =
        let columns = Array.filter allowed [| 0 .. DenseAlgebra.cols values - 1 |]
        let marks = Array2D.create (DenseAlgebra.rows values) (DenseAlgebra.cols values) false

        for row in 0 .. DenseAlgebra.rows values - 1 do
            for position in largest count (columns |> Array.map (fun j -> values[row, j])) do
                marks[row, columns[position]] <- true

        marks

    /// The int(k·B) largest of relu(hidden_pre) over the whole batch.
    let private largestOfBatch k (hiddenPre: float[,]) =
        let width = DenseAlgebra.cols hiddenPre
        let count = int (k * float (DenseAlgebra.rows hiddenPre))
        let marks = Array2D.create (DenseAlgebra.rows hiddenPre) width false
        let acts = hiddenPre |> Seq.cast<float> |> Seq.map (max 0.0) |> Seq.toArray

        for flat in largest count acts do
            marks[flat / width, flat % width] <- true

        marks

    /// The entries of hidden_pre (B, L) that the architecture keeps.
    let select (spec: SaeSpec) hiddenPre =
        match spec.Architecture with
        | SaeArchitecture.TopK(k, _) -> largestOfRows k (fun _ -> true) hiddenPre
        | SaeArchitecture.BatchTopK(k, _, _) -> largestOfBatch k hiddenPre

    /// (acts / norms) · W_dec (B, D), without b_dec.
    let private decode p norms acts =
        DenseAlgebra.multiply (DenseAlgebra.mapRows DenseAlgebra.divide acts norms) p.W_dec

    /// The forward pass on x (B, D) with the selection that `choose` makes from hidden_pre.
    let forwardWith
        (choose: float[,] -> bool[,])
        (spec: SaeSpec)
        (p: DenseParameters)
        (x: float[,])
        =
        let input = if spec.ApplyBDecToInput then DenseAlgebra.mapRows (-) x p.b_dec else x

        let pre = DenseAlgebra.mapRows (+) (DenseAlgebra.multiply input p.W_enc) p.b_enc
        let rescale = spec.Architecture.Family.RescaleActsByDecoderNorm

        let norms =
            DenseAlgebra.rowNorms p.W_dec |> Array.map (fun norm -> if rescale then norm else 1.0)

        let hiddenPre = DenseAlgebra.mapRows (*) pre norms
        let selected = choose hiddenPre

        let acts =
            hiddenPre |> Array2D.mapi (fun b j h -> if selected[b, j] then max 0.0 h else 0.0)

        { Input = input
          Pre = pre
          Norms = norms
          Hidden_pre = hiddenPre
          Selected = selected
          Feature_acts = acts
          Sae_out = DenseAlgebra.mapRows (+) (decode p norms acts) p.b_dec }

    /// The forward pass on x (B, D).
    let forward spec p x = forwardWith (select spec) spec p x

    /// Mean over the batch of the latents that are not 0.
    let l0 (forward: DenseForward) =
        let active = forward.Feature_acts |> Seq.cast<float> |> Seq.filter (fun f -> f <> 0.0)

        float (Seq.length active) / float (DenseAlgebra.rows forward.Feature_acts)

    /// What AuxK aims at; `None` when no latent is dead.
    let auxiliary (spec: SaeSpec) (dead: bool[]) (x: float[,]) (forward: DenseForward) =
        let count = dead |> Array.filter id |> Array.length
        let most = DenseAlgebra.cols x / 2

        if count = 0 then
            None
        else
            let scale = min (float count / float most) 1.0

            Some
                { Selected = largestOfRows (min most count) (Array.get dead) forward.Hidden_pre
                  Scale = scale * spec.Architecture.Family.AuxLossCoefficient
                  Residual = DenseAlgebra.map2 (-) x forward.Sae_out }

    /// hidden_pre of the latents that AuxK selected: raw values, of either sign.
    let private auxiliaryActs (auxiliary: DenseAuxiliary) (forward: DenseForward) =
        forward.Hidden_pre
        |> Array2D.mapi (fun b j h -> if auxiliary.Selected[b, j] then h else 0.0)

    /// Σ error² over D, mean over the batch.
    let private squaredError error =
        DenseAlgebra.sumOfSquares error / float (DenseAlgebra.rows error)

    /// Mean over the batch of ‖sae_out − x‖².
    let mse (x: float[,]) (forward: DenseForward) =
        squaredError (DenseAlgebra.map2 (-) forward.Sae_out x)

    /// How far the AuxK reconstruction (without b_dec) is from the residual (B, D).
    let auxiliaryError p (auxiliary: DenseAuxiliary) (forward: DenseForward) =
        DenseAlgebra.map2
            (-)
            (decode p forward.Norms (auxiliaryActs auxiliary forward))
            auxiliary.Residual

    /// Scale · mean over the batch of ‖reconstruction from dead latents − residual‖².
    let auxiliaryReconstruction p (auxiliary: DenseAuxiliary) (forward: DenseForward) =
        auxiliary.Scale * squaredError (auxiliaryError p auxiliary forward)

    /// Gradient of b ↦ weight · mean_b ‖error_b‖² by `error` (B, D).
    let private errorGradient weight (error: float[,]) =
        error |> Array2D.map (fun e -> 2.0 * weight / float (DenseAlgebra.rows error) * e)

    /// Gradient by the decoder's norms (L), from the division in the decoder and, through
    /// hidden_pre, from the rescaling; carried to W_dec by ∂‖w‖/∂w = w / ‖w‖.
    let private throughNorms
        p
        (forward: DenseForward)
        (acts: float[,])
        (dScaled: float[,])
        (dHidden: float[,])
        =
        let norms = forward.Norms

        let division =
            DenseAlgebra.map2 (*) dScaled acts
            |> fun product ->
                DenseAlgebra.mapRows
                    (fun value n -> -(DenseAlgebra.divide value (n * n)))
                    product
                    norms

        let dNorms =
            DenseAlgebra.columnSums (
                DenseAlgebra.map2 (+) division (DenseAlgebra.map2 (*) dHidden forward.Pre)
            )

        p.W_dec |> Array2D.mapi (fun j _ w -> dNorms[j] * DenseAlgebra.divide w norms[j])

    /// Gradients of a loss that depends on the parameters through (acts / norms) · W_dec alone,
    /// where acts is hidden_pre wherever `passes` and 0 elsewhere, given the gradient by that
    /// product (B, D).
    let private throughLatents
        (spec: SaeSpec)
        p
        (forward: DenseForward)
        acts
        (passes: bool[,])
        (dProduct: float[,])
        =
        let dScaled = DenseAlgebra.multiply dProduct (DenseAlgebra.transpose p.W_dec)

        let dHidden =
            DenseAlgebra.mapRows DenseAlgebra.divide dScaled forward.Norms
            |> Array2D.mapi (fun b j d -> if passes[b, j] then d else 0.0)

        let dPre = DenseAlgebra.mapRows (*) dHidden forward.Norms
        let scaled = DenseAlgebra.mapRows DenseAlgebra.divide acts forward.Norms
        let dDecoder = DenseAlgebra.multiply (DenseAlgebra.transpose scaled) dProduct

        { W_enc = DenseAlgebra.multiply (DenseAlgebra.transpose forward.Input) dPre
          W_dec =
            if spec.Architecture.Family.RescaleActsByDecoderNorm then
                DenseAlgebra.map2 (+) dDecoder (throughNorms p forward acts dScaled dHidden)
            else
                dDecoder
          b_enc = DenseAlgebra.columnSums dPre
          b_dec =
            if spec.ApplyBDecToInput then
                DenseAlgebra.multiply dPre (DenseAlgebra.transpose p.W_enc)
                |> DenseAlgebra.columnSums
                |> Array.map (~-)
            else
                Array.map (fun _ -> 0.0) p.b_dec }

    /// Gradients of `mse`.
    let mseGradient spec p (x: float[,]) (forward: DenseForward) =
        let passes = forward.Feature_acts |> Array2D.map (fun f -> f > 0.0)
        let dOut = errorGradient 1.0 (DenseAlgebra.map2 (-) forward.Sae_out x)
        let latents = throughLatents spec p forward forward.Feature_acts passes dOut

        { latents with
            b_dec = Array.map2 (+) latents.b_dec (DenseAlgebra.columnSums dOut) }

    /// Gradients of `auxiliaryReconstruction`; the residual, the selection and the scale are
    /// constants.
    let auxiliaryGradient spec p (auxiliary: DenseAuxiliary) (forward: DenseForward) =
        let dProduct = errorGradient auxiliary.Scale (auxiliaryError p auxiliary forward)
        throughLatents spec p forward (auxiliaryActs auxiliary forward) auxiliary.Selected dProduct

    /// The loss terms, and the gradient of their sum, of a forward pass on x (B, D) with dead
    /// latents `dead` (L).
    let lossAndGradient spec p (dead: bool[]) x (forward: DenseForward) =
        let gradient = mseGradient spec p x forward

        match auxiliary spec dead x forward with
        | None -> { Mse = mse x forward; Auxiliary_reconstruction = 0.0 }, gradient
        | Some auxiliary ->
            { Mse = mse x forward
              Auxiliary_reconstruction = auxiliaryReconstruction p auxiliary forward },
            DenseParameters.add gradient (auxiliaryGradient spec p auxiliary forward)
