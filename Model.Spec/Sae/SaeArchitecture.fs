namespace SynthSae.Spec

open SynthSae.Spec.Coding

/// Settings of the Gated SAE: the penalty λ · mean over samples of Σ_j relu(gate_j) ‖W_dec,j‖ (REFERENCE §9.7).
type Gated =
    {
        /// λ.
        L1: Coefficient
    }

/// An SAE architecture with its own settings.
[<RequireQualifiedAccess>]
type SaeArchitecture =
    /// relu with a penalty on the size of latents.
    | Standard of Standard
    /// The k largest pre-activations of each sample (Gao et al. 2024); k in [1, L].
    | TopK of k: int * TopKFamily
    /// The k largest of each sample by absolute value, with their sign (arXiv 2510.00404); k in [1, L].
    | AbsTopK of k: int * TopKFamily
    /// The k·B largest of the whole batch (Bussmann et al. 2024); k in (0, L] may be fractional.
    /// `thresholdLr`, in [0, 1], moves the running threshold that inference uses.
    | BatchTopK of k: float * thresholdLr: float * TopKFamily
    /// BatchTopK with nested reconstructions.
    | Matryoshka of k: float * thresholdLr: float * TopKFamily * MatryoshkaLevels
    /// A trained threshold for each latent.
    | JumpRelu of JumpRelu
    /// A gate that decides and a magnitude that tells how much (Rajamanoharan et al. 2024).
    | Gated of Gated
    /// One latent after another, each from what the others left (arXiv 2506.03093).
    | MatchingPursuit of MatchingPursuit

    /// The settings that the TopK family shares.
    member architecture.TopKFamily =
        match architecture with
        | TopK(_, family)
        | AbsTopK(_, family)
        | BatchTopK(_, _, family)
        | Matryoshka(_, _, family, _) -> Some family
        | Standard _
        | JumpRelu _
        | Gated _
        | MatchingPursuit _ -> None

    /// Whether selection compares pre-activations scaled by ‖W_dec,j‖.
    member architecture.Rescales =
        match architecture.TopKFamily with
        | Some family -> family.RescaleActsByDecoderNorm
        | None -> false

    /// The loss for dead latents, where there is one.
    member architecture.AuxK =
        match architecture with
        | JumpRelu jump -> Some jump.AuxK
        | other -> other.TopKFamily |> Option.map _.AuxK
        |> Option.filter (fun auxK -> auxK.Coefficient > 0.0)

    /// How fast the running threshold moves; 0 for an architecture that has none.
    member architecture.ThresholdLr =
        match architecture with
        | BatchTopK(_, thresholdLr, _)
        | Matryoshka(_, thresholdLr, _, _) -> thresholdLr
        | _ -> 0.0

    /// The weight of the sparsity loss, where the L0 follows from one.
    member architecture.Coefficient =
        match architecture with
        | Standard standard -> Some standard.L1
        | Gated gated -> Some gated.L1
        | JumpRelu jump -> Some jump.L0
        | _ -> None

    /// The number of latents per sample, where it is set.
    member architecture.K =
        match architecture with
        | TopK(k, _)
        | AbsTopK(k, _) -> Some(float k)
        | BatchTopK(k, _, _)
        | Matryoshka(k, _, _, _) -> Some k
        | MatchingPursuit pursuit -> pursuit.MaxIterations |> Option.map float
        | _ -> None

    /// The same with k latents per sample, where the number is set; rounded where it must be whole.
    member architecture.WithK(k: float) =
        let whole = int (round k)

        match architecture with
        | TopK(_, family) -> TopK(whole, family)
        | AbsTopK(_, family) -> AbsTopK(whole, family)
        | BatchTopK(_, rate, family) -> BatchTopK(k, rate, family)
        | Matryoshka(_, rate, family, levels) -> Matryoshka(k, rate, family, levels)
        | MatchingPursuit pursuit -> MatchingPursuit { pursuit with MaxIterations = Some whole }
        | other -> other

module internal SaeArchitecture =
    open Rules

    let private sampleRules dSae k family =
        check "k" $"must be in [1, d_sae {dSae}]" k (k >= 1 && k <= dSae)
        @ TopKFamily.rules family

    let private batchRules dSae k thresholdLr family =
        number "k" $"must be above 0 and at most d_sae {dSae}" k (k > 0.0 && k <= float dSae)
        @ TopKFamily.rules family
        @ probability "topk_threshold_lr" thresholdLr

    let rules dSae architecture =
        match architecture with
        | SaeArchitecture.Standard standard -> Standard.rules standard
        | SaeArchitecture.TopK(k, family)
        | SaeArchitecture.AbsTopK(k, family) -> sampleRules dSae k family
        | SaeArchitecture.BatchTopK(k, thresholdLr, family) -> batchRules dSae k thresholdLr family
        | SaeArchitecture.Matryoshka(k, thresholdLr, family, levels) ->
            batchRules dSae k thresholdLr family @ MatryoshkaLevels.rules dSae levels
        | SaeArchitecture.JumpRelu jump -> JumpRelu.rules jump
        | SaeArchitecture.Gated gated -> Coefficient.rules "l1" gated.L1
        | SaeArchitecture.MatchingPursuit pursuit -> MatchingPursuit.rules pursuit

    let private ofSample = Fields.pair (Fields.optional "k" Codec.int 100) TopKFamily.fields

    let private ofBatch =
        Fields.triple
            (Fields.optional "k" Codec.number 100.0)
            TopKFamily.fields
            (Fields.optional "topk_threshold_lr" Codec.number 0.01)

    /// The architecture's own fields beside the common ones, told apart by `architecture`.
    let fields: Fields<SaeArchitecture, SaeArchitecture> =
        Fields.tagged
            "architecture"
            [ Fields.case "standard" Standard.fields SaeArchitecture.Standard (function
                  | SaeArchitecture.Standard standard -> Some standard
                  | _ -> None)
              Fields.case "topk" ofSample SaeArchitecture.TopK (function
                  | SaeArchitecture.TopK(k, family) -> Some(k, family)
                  | _ -> None)
              Fields.case "abstopk" ofSample SaeArchitecture.AbsTopK (function
                  | SaeArchitecture.AbsTopK(k, family) -> Some(k, family)
                  | _ -> None)
              Fields.case
                  "batchtopk"
                  ofBatch
                  (fun (k, family, rate) -> SaeArchitecture.BatchTopK(k, rate, family))
                  (function
                   | SaeArchitecture.BatchTopK(k, rate, family) -> Some(k, family, rate)
                   | _ -> None)
              Fields.case
                  "matryoshka_batchtopk"
                  (Fields.pair ofBatch MatryoshkaLevels.fields)
                  (fun ((k, family, rate), levels) ->
                      SaeArchitecture.Matryoshka(k, rate, family, levels))
                  (function
                   | SaeArchitecture.Matryoshka(k, rate, family, levels) ->
                       Some((k, family, rate), levels)
                   | _ -> None)
              Fields.case "jumprelu" JumpRelu.fields SaeArchitecture.JumpRelu (function
                  | SaeArchitecture.JumpRelu jump -> Some jump
                  | _ -> None)
              Fields.case
                  "gated"
                  (Coefficient.fields "l1")
                  (fun l1 -> SaeArchitecture.Gated { L1 = l1 })
                  (function
                   | SaeArchitecture.Gated gated -> Some gated.L1
                   | _ -> None)
              Fields.case
                  "matching_pursuit"
                  MatchingPursuit.fields
                  SaeArchitecture.MatchingPursuit
                  (function
                   | SaeArchitecture.MatchingPursuit pursuit -> Some pursuit
                   | _ -> None) ]
