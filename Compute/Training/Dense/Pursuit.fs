namespace SynthSae.Compute.Training

open SynthSae.Compute.Autodiff
open SynthSae.Spec

/// Matching pursuit (REFERENCE §9.8): one latent after another by its projection on what the others left. Gradients
/// flow through every iteration; which latent it was does not carry any.
module Pursuit =
    /// The latent of the largest positive score of each sample that goes on; the first if none is positive.
    let private choose (goesOn: bool[]) (scores: float[,]) =
        Selections.ofRows 1 (fun _ -> true) (Array2D.map (max 0.0) scores)
        |> Array2D.mapi (fun b _ chosen -> chosen && goesOn[b])

    let private support (acts: Traced) b =
        Array.map (fun f -> f <> 0.0) acts.Value[b, *]

    /// Whether a sample goes on after an iteration that turned `before` into `acts` and left `residual`.
    let private goesOn
        (pursuit: MatchingPursuit)
        (before: Traced)
        (acts: Traced)
        (residual: Traced)
        b
        =
        let norm = sqrt (Array.sumBy (fun r -> r * r) residual.Value[b, *])
        let stuck = pursuit.StopOnDuplicateSupport && support before b = support acts b
        not stuck && norm >= pursuit.ResidualThreshold

    /// f (B, L) of x' (B, D). A latent that is chosen again grows.
    let encode (batch: DenseBatch) (pursuit: MatchingPursuit) (input: Traced) : Traced =
        let decoder = batch["W_dec"]

        let rec iterate left going (acts: Traced) (residual: Traced) =
            let scores = residual.Dot decoder.T
            let chosen = batch.Choose(choose going scores.Value)

            if left = 0 || not (Seq.exists id (Seq.cast<bool> chosen)) then
                acts
            else
                let found = Traced.relu (Traced.where chosen scores)
                let acts', residual' = acts + found, residual - found.Dot decoder

                let going' =
                    going
                    |> Array.mapi (fun b going -> going && goesOn pursuit acts acts' residual' b)

                iterate (left - 1) going' acts' residual'

        let nothing = Traced.constant (Array2D.zeroCreate input.Rows decoder.Rows)
        let most = pursuit.MaxIterations |> Option.defaultValue input.Cols
        iterate most (Array.create input.Rows true) nothing input
