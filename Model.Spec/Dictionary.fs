namespace SynthSae.Spec

open System
open SynthSae.Spec.Coding

/// Adam on the dictionary to push features apart (reference: `OrthogonalizationConfig`).
type Orthogonalization =
    {
        /// Number of Adam steps, at least 1.
        NumSteps: int
        /// Adam's learning rate, > 0.
        Lr: float
        /// The reference's memory knob; it does not change the result and is kept for its files.
        ChunkSize: int
    }

/// Where the N feature directions in R^D come from.
[<RequireQualifiedAccess>]
type Dictionary =
    /// Independent random unit vectors.
    | RandomUnit
    /// Mutually orthogonal unit vectors; needs N ≤ D.
    | MutuallyOrthogonal
    /// Given rows (N, D); they are normalised to unit length.
    | Given of float32 array array

module internal Orthogonalization =
    open Rules

    let rules (o: Orthogonalization) =
        atLeast 1 "num_steps" o.NumSteps @ positive "lr" o.Lr @ atLeast 1 "chunk_size" o.ChunkSize

    let codec: Codec<Orthogonalization> =
        Fields.fields<Orthogonalization> {
            let! numSteps = Fields.optional "num_steps" Codec.int 200 |> Fields.from _.NumSteps
            and! lr = Fields.optional "lr" Codec.number 0.01 |> Fields.from _.Lr

            and! chunkSize = Fields.optional "chunk_size" Codec.int 1024 |> Fields.from _.ChunkSize

            return { NumSteps = numSteps; Lr = lr; ChunkSize = chunkSize }
        }
        |> Fields.toObject

module internal Dictionary =
    open Rules

    let private rowRules hiddenDim path (row: float32 array) =
        let entries =
            row
            |> Seq.mapi (fun j value ->
                check $"{path}[{j}]" "must be a finite float32" value (Single.IsFinite value))

        check path $"must have {hiddenDim} entries" row.Length (row.Length = hiddenDim)
        @ List.concat entries
        @ check path "must not be all 0, having no direction" "0 …" (Array.exists ((<>) 0.0f) row)

    let rules numFeatures hiddenDim dictionary =
        match dictionary with
        | Dictionary.RandomUnit -> []
        | Dictionary.MutuallyOrthogonal ->
            let rule = $"needs num_features at most hidden_dim {hiddenDim}"
            check "" rule $"{numFeatures} features" (numFeatures <= hiddenDim)
        | Dictionary.Given rows -> perFeature numFeatures "vectors" (rowRules hiddenDim) rows

    let private named: Codec<Dictionary> =
        let names =
            [ "random_unit", Dictionary.RandomUnit
              "mutually_orthogonal", Dictionary.MutuallyOrthogonal ]

        Codec.oneOf (List.map fst names)
        |> Codec.map (fun name -> names |> List.find (fst >> (=) name) |> snd) (fun dictionary ->
            names |> List.find (snd >> (=) dictionary) |> fst)

    let private given =
        Fields.required "vectors" (Codec.array (Codec.array Codec.float32))
        |> Fields.toObject
        |> Codec.map Dictionary.Given (function
            | Dictionary.Given rows -> rows
            | _ -> [||])

    /// "random_unit", "mutually_orthogonal" or {"vectors": [[…], …]}.
    let codec: Codec<Dictionary> =
        Codec.forms
            (function
            | Json.Object _ -> given
            | _ -> named)
            (function
             | Dictionary.Given _ -> given
             | _ -> named)
