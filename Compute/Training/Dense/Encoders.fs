namespace SynthSae.Compute.Training

open SynthSae.Compute.Autodiff
open SynthSae.Spec

/// The forward pass of each architecture (REFERENCE §9).
module Encoders =
    /// (acts / norms) · W_dec + b_dec (B, D), in the units of x.
    let decode (batch: DenseBatch) (codes: Traced) =
        batch.Unscaled(codes.Dot batch["W_dec"] + batch["b_dec"])

    let private positive = Array2D.map (fun value -> value > 0.0)
    let private any _ = true

    /// What is selected of hidden_pre (B, L), and the latents that follow. Matching pursuit begins with x' itself.
    let private activate (batch: DenseBatch) (hiddenPre: Traced) : bool[,] * Traced =
        let keep f selected =
            let selected = batch.Choose selected
            selected, Traced.where selected (f hiddenPre)

        match batch.Architecture with
        | SaeArchitecture.Standard _ -> positive hiddenPre.Value, Traced.relu hiddenPre
        | SaeArchitecture.TopK(k, _) -> keep Traced.relu (Selections.ofRows k any hiddenPre.Value)
        | SaeArchitecture.AbsTopK(k, _) ->
            keep id (Selections.ofRows k any (Array2D.map abs hiddenPre.Value))
        | SaeArchitecture.BatchTopK(k, _, _)
        | SaeArchitecture.Matryoshka(k, _, _, _) ->
            keep Traced.relu (Selections.ofBatch k (Array2D.map (max 0.0) hiddenPre.Value))
        | SaeArchitecture.JumpRelu jump ->
            JumpReluThreshold.jumpRelu batch jump (JumpReluThreshold.theta batch jump) hiddenPre
        | SaeArchitecture.Gated _ ->
            let scaled = batch.Encoded batch.Input * Traced.exp batch["r_mag"]
            let magnitude = Traced.relu (scaled + batch["b_mag"])
            keep (fun _ -> magnitude) (positive hiddenPre.Value)
        | SaeArchitecture.MatchingPursuit pursuit ->
            let acts = Pursuit.encode batch pursuit hiddenPre
            Array2D.map ((<>) 0.0) acts.Value, acts

    /// pre-activations times norms (B, L).
    let private hiddenPre (batch: DenseBatch) (input: Traced) =
        let bias = if batch.Parameters.ContainsKey "b_gate" then "b_gate" else "b_enc"
        (batch.Encoded input + batch[bias]) * batch.Norms

    let private pursue (batch: DenseBatch) : DenseForward =
        let selected, acts = activate batch batch.Input
        let product = acts.Dot batch["W_dec"]

        let out = if batch.Spec.ApplyBDecToInput then product + batch["b_dec"] else product

        { Norms = batch.Norms
          Hidden_pre = acts
          Selected = selected
          Feature_acts = acts
          First_acts = None
          Sae_out = batch.Unscaled out }

    /// hidden_pre after one residual correction (LISTA): x' is encoded together with a share of what the first latents
    /// left of it. (The encoder is linear but for its bias, so that this adds the share's own pre-activations without
    /// the bias.)
    let private corrected (batch: DenseBatch) eta (first: Traced) =
        let residual = batch.Input - (first / batch.Norms).Dot batch["W_dec"]
        hiddenPre batch (batch.Input + eta * residual)

    /// The forward pass.
    let forward (batch: DenseBatch) : DenseForward =
        match batch.Architecture with
        | SaeArchitecture.MatchingPursuit _ -> pursue batch
        | _ ->
            let before = hiddenPre batch batch.Input

            let first =
                batch.Spec.ListaEta |> Option.map (fun eta -> eta, snd (activate batch before))

            let hiddenPre =
                match first with
                | Some(eta, acts) -> corrected batch eta acts
                | None -> before

            let selected, acts = activate batch hiddenPre

            { Norms = batch.Norms
              Hidden_pre = hiddenPre
              Selected = selected
              Feature_acts = acts
              First_acts = Option.map snd first
              Sae_out = decode batch (acts / batch.Norms) }
