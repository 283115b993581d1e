namespace SynthSae.Compute.Baselines

open SynthSae.Compute

/// What the score of feature i is taken along.
[<RequireQualifiedAccess>]
type Detector =
    /// Its own direction: (x − bias)·d_i.
    | Tied
    /// Fisher's discriminant Σ⁻¹(E[x | i active] − E[x | i silent]), see `Detectors`.
    | Lda

/// Which scores make a latent fire.
[<RequireQualifiedAccess>]
type Cut =
    /// Those above one threshold for all features, with which as many latents fire per sample as tracked
    /// features are active on average.
    | Global
    /// Those above a threshold for each feature, the best for its F1 on samples of their own.
    | Own

/// How far orthogonal matching pursuit goes.
type PursuitPlan =
    {
        /// Choose among all N features instead of the first L.
        AllFeatures: bool
        /// Go on until no correlation with the residual is above this share of the mean amplitude; 0 for as many
        /// steps as tracked features are active on average.
        LeastCorrelation: float
        /// Then keep coefficients above this share of the mean amplitude.
        LeastCoefficient: float
    }

/// A way to tell which of the first L features are active, by someone who knows the world: what an SAE with
/// L latents can be held to. The decoder is the truth, d_1 … d_L.
[<RequireQualifiedAccess>]
type Baseline =
    /// The true activations themselves.
    | Truth
    /// One linear score for each feature.
    | Linear of Detector * Cut
    /// The same, once more on x + step·(x − x̂): one step of LISTA.
    | Corrected of Detector * step: float * Cut
    /// `surplus` times as many as are active on average, chosen by `Corrected` with one threshold; then those
    /// are dropped whose projection on d_j without all others is at most `least` times the mean amplitude.
    | Pruned of Detector * step: float * surplus: float * least: float
    /// A logistic regression for each feature, trained on samples: it fires at odds of more than one, or at odds
    /// that are the best for its F1 when `own`.
    | Probe of own: bool
    /// Orthogonal matching pursuit.
    | Pursuit of PursuitPlan

module Baseline =
    let private pursuit all correlation coefficient =
        Baseline.Pursuit
            { AllFeatures = all
              LeastCorrelation = correlation
              LeastCoefficient = coefficient }

    /// All that have a name, the cheap ones first. The mean amplitude of SynthSAEBench-16k is 4.8: there, pruning
    /// begins at 2.0, `omp-strong` at 2.5, and `omp-all` ends at 1.0.
    let named: (string * Baseline) list =
        [ "truth", Baseline.Truth
          "tied", Baseline.Linear(Detector.Tied, Cut.Global)
          "tied-own", Baseline.Linear(Detector.Tied, Cut.Own)
          "tied-lista", Baseline.Corrected(Detector.Tied, 0.3, Cut.Global)
          "tied-lista-own", Baseline.Corrected(Detector.Tied, 0.3, Cut.Own)
          "lda", Baseline.Linear(Detector.Lda, Cut.Global)
          "lda-own", Baseline.Linear(Detector.Lda, Cut.Own)
          "lda-lista", Baseline.Corrected(Detector.Lda, 0.5, Cut.Global)
          "lda-lista-own", Baseline.Corrected(Detector.Lda, 0.5, Cut.Own)
          "lda-pruned", Baseline.Pruned(Detector.Lda, 0.75, 1.12, 2.0 / 4.8)
          "omp", pursuit false 0.0 0.0
          "omp-strong", pursuit false 0.0 (2.5 / 4.8)
          "probe", Baseline.Probe false
          "probe-own", Baseline.Probe true
          "omp-all", pursuit true (1.0 / 4.8) 0.0 ]

    /// The named ones that are among the given names or continue one of them: `lda` stands for `lda`, `lda-own`
    /// and so on. Raises `BadInput` for a name that stands for none.
    let select (names: string list) : (string * Baseline) list =
        let standsFor (wanted: string) (name: string, _) =
            name = wanted || name.StartsWith(wanted + "-")

        for wanted in names do
            if not (List.exists (standsFor wanted) named) then
                let known = named |> List.map fst |> String.concat ", "
                raise (BadInput("baseline", $"there is no {wanted}; there are {known}"))

        named |> List.filter (fun each -> names |> List.exists (fun name -> standsFor name each))
