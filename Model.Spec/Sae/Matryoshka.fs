namespace SynthSae.Spec

open SynthSae.Spec.Coding

/// By what latents are put into Matryoshka levels.
[<RequireQualifiedAccess>]
type LevelOrder =
    /// By their number, as the reference does.
    | Index
    /// By how often they fire, the most frequent first: a running mean of the share of each batch, at rate 0.01.
    | Frequency

/// Nested reconstructions of a Matryoshka SAE (Bussmann et al. 2025; reference: `matryoshka_widths`). Level l
/// reconstructs x from the first `Widths[l]` latents; the last level, of all latents, is the ordinary error.
type MatryoshkaLevels =
    {
        /// Strictly increasing; d_sae is added at the end where it is missing.
        Widths: int list
        /// AuxK for each block of latents against the error of its own level, instead of once.
        AuxLossPerLevel: bool
        /// Weights of the inner levels' errors, one for each width below d_sae; empty for 1 each.
        InnerWeights: float list
        /// Cut the gradient of an inner level to the latents of the levels before it.
        Detached: bool
        Order: LevelOrder
        /// L1 penalties on the latents of each inner level and, last, of all; empty for none.
        L1Coefficients: float list
    }

module internal MatryoshkaLevels =
    let private inner dSae levels =
        levels.Widths |> List.filter (fun width -> width <> dSae)

    let rules dSae (levels: MatryoshkaLevels) =
        let widths, count = levels.Widths, List.length (inner dSae levels)

        let increasing = widths |> List.pairwise |> List.forall (fun (a, b) -> a < b)

        let perLevel path count (values: float list) =
            let length = List.length values
            let rule = $"must be empty or have {count} entries"

            Rules.check path rule length (length = 0 || length = count)
            @ (values
               |> List.mapi (fun i value -> Rules.notNegative $"{path}[{i}]" value)
               |> List.concat)

        let text = widths |> List.map string |> String.concat ", "

        Rules.check "matryoshka_widths" "must name at least one width" "[]" (not widths.IsEmpty)
        @ Rules.check
            "matryoshka_widths"
            $"must increase strictly within [1, d_sae {dSae}]"
            $"[{text}]"
            (increasing && widths |> List.forall (fun width -> width >= 1 && width <= dSae))
        @ perLevel "matryoshka_inner_weights" count levels.InnerWeights
        @ perLevel "matryoshka_l1_coefficients" (count + 1) levels.L1Coefficients

    let private order =
        Codec.named [ "index", LevelOrder.Index; "frequency", LevelOrder.Frequency ]

    let fields =
        Fields.fields<MatryoshkaLevels> {
            let! widths =
                Fields.optional "matryoshka_widths" (Codec.list Codec.int) []
                |> Fields.from _.Widths

            and! perLevel =
                Fields.optional "use_matryoshka_aux_loss" Codec.bool false
                |> Fields.from _.AuxLossPerLevel

            and! weights =
                Fields.unusual "matryoshka_inner_weights" (Codec.list Codec.number) []
                |> Fields.from _.InnerWeights

            and! detached =
                Fields.unusual "matryoshka_detach" Codec.bool false |> Fields.from _.Detached

            and! order =
                Fields.unusual "matryoshka_order" order LevelOrder.Index |> Fields.from _.Order

            and! l1 =
                Fields.unusual "matryoshka_l1_coefficients" (Codec.list Codec.number) []
                |> Fields.from _.L1Coefficients

            return
                { Widths = widths
                  AuxLossPerLevel = perLevel
                  InnerWeights = weights
                  Detached = detached
                  Order = order
                  L1Coefficients = l1 }
        }
