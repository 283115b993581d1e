namespace SynthSae.Spec

open SynthSae.Spec.Coding

/// How the firing of features is correlated: a Gaussian copula, feature i fires iff g_i > τ_i.
[<RequireQualifiedAccess>]
type Correlation =
    /// Independent firing.
    | Independent
    /// g = F·ε + √δ·η with F (N, rank) = scale·normal (reference: `LowRankCorrelationConfig`).
    | LowRank of rank: int * scale: float
    /// A random sparse correlation matrix, repaired to be positive definite
    /// (reference: `generate_random_correlation_matrix`).
    | RandomMatrix of RandomCorrelation
    /// A given correlation matrix (N, N): symmetric, unit diagonal, positive definite.
    | Matrix of float array array

/// Parameters of a random correlation matrix.
and RandomCorrelation =
    {
        /// Share of the correlated pairs that are positive, in [0, 1].
        PositiveRatio: float
        /// Share of pairs without correlation, in [0, 1].
        UncorrelatedRatio: float
        /// Smallest |ρ| of a correlated pair before the repair, at least 0.
        MinStrength: float
        /// Largest |ρ| of a correlated pair before the repair, at most 1.
        MaxStrength: float
        /// Seed of the matrix; `None` takes it from the model's seed.
        Seed: int64 option
    }

module internal Correlation =
    open Rules

    let private randomRules (random: RandomCorrelation) =
        let ordered = random.MinStrength <= random.MaxStrength

        probability "positive_ratio" random.PositiveRatio
        @ probability "uncorrelated_ratio" random.UncorrelatedRatio
        @ probability "min_correlation_strength" random.MinStrength
        @ probability "max_correlation_strength" random.MaxStrength
        @ check
            "min_correlation_strength"
            "must be at most max_correlation_strength"
            random.MinStrength
            ordered

    let private entryRules (rows: float array array) i j =
        let path = $"matrix[{i}][{j}]"
        let value = rows[i][j]

        if i = j then
            number path "must be 1, being on the diagonal" value (abs (value - 1.0) <= 1e-6)
        else
            let twin = Array.tryItem j rows |> Option.bind (Array.tryItem i)

            let symmetric = twin |> Option.forall (fun other -> not (abs (value - other) > 1e-6))

            within -1.0 1.0 path value
            @ check path $"must equal matrix[{j}][{i}]" value (j < i || symmetric)

    let private matrixRules numFeatures (rows: float array array) =
        let square =
            check "matrix" $"must have {numFeatures} rows" rows.Length (rows.Length = numFeatures)

        let rowRules i (row: float array) =
            check
                $"matrix[{i}]"
                $"must have {numFeatures} entries"
                row.Length
                (row.Length = numFeatures)
            @ List.concat [ for j in 0 .. row.Length - 1 -> entryRules rows i j ]

        square @ List.concat (Seq.mapi rowRules rows)

    let rules numFeatures correlation =
        match correlation with
        | Correlation.Independent -> []
        | Correlation.LowRank(rank, scale) ->
            atLeast 1 "rank" rank @ notNegative "correlation_scale" scale
        | Correlation.RandomMatrix random -> randomRules random
        | Correlation.Matrix rows -> matrixRules numFeatures rows

    // The reference derives the seed from the model's and ignores the one in the file, and so do we.
    let private ignoredSeed =
        Fields.optional "seed" (Codec.nullable Codec.int64) None
        |> Fields.convert (ignore >> Ok) (fun () -> None)

    let private lowRank =
        Fields.fields<Correlation> {
            let! rank, scale =
                Fields.pair
                    (Fields.optional "rank" Codec.int 32)
                    (Fields.optional "correlation_scale" Codec.number 0.1)
                |> Fields.from (function
                    | Correlation.LowRank(rank, scale) -> rank, scale
                    | _ -> 0, nan)

            and! () = ignoredSeed |> Fields.from ignore
            return Correlation.LowRank(rank, scale)
        }
        |> Fields.toObject

    let private random =
        let number name fallback =
            Fields.optional name Codec.number fallback

        Fields.fields<RandomCorrelation> {
            let! positive = number "positive_ratio" 0.5 |> Fields.from _.PositiveRatio

            and! uncorrelated = number "uncorrelated_ratio" 0.3 |> Fields.from _.UncorrelatedRatio

            and! min = number "min_correlation_strength" 0.1 |> Fields.from _.MinStrength
            and! max = number "max_correlation_strength" 0.8 |> Fields.from _.MaxStrength

            and! seed =
                Fields.optional "seed" (Codec.nullable Codec.int64) None |> Fields.from _.Seed

            return
                { PositiveRatio = positive
                  UncorrelatedRatio = uncorrelated
                  MinStrength = min
                  MaxStrength = max
                  Seed = seed }
        }

    let private full =
        Fields.tagged
            "generator_name"
            [ Fields.case "random_matrix" random Correlation.RandomMatrix (function
                  | Correlation.RandomMatrix random -> Some random
                  | _ -> None)
              Fields.case
                  "matrix"
                  (Fields.required "matrix" (Codec.array (Codec.array Codec.number)))
                  Correlation.Matrix
                  (function
                   | Correlation.Matrix rows -> Some rows
                   | _ -> None) ]
        |> Fields.toObject

    let private none =
        Codec.nullable Codec.bool |> Codec.map (fun _ -> Correlation.Independent) (fun _ -> None)

    /// null, the reference's low-rank object, or an object with `generator_name` for a full matrix.
    let codec: Codec<Correlation> =
        Codec.forms
            (function
            | Json.Null -> none
            | Json.Object fields when fields |> List.exists (fst >> (=) "generator_name") -> full
            | _ -> lowRank)
            (function
             | Correlation.Independent -> none
             | Correlation.LowRank _ -> lowRank
             | _ -> full)
