namespace SynthSae.Compute.Files

open System
open System.Collections.Generic
open SynthSae.Compute

/// The tensors of an `sae_weights.safetensors`; knows which of them were asked for.
[<Sealed>]
type internal SaeWeights(file: SafetensorsFile) =
    let asked = List<string>()

    /// State of the reference's controllers that is left in some published files.
    let ignored (name: string) =
        name.StartsWith("coefficient_autotuner.", StringComparison.Ordinal)

    let find (name: string) =
        if not (asked.Contains name) then
            asked.Add name

        name

    /// The path of the file.
    member _.Path = file.Path

    member _.Has(name: string) = file.Has name

    member _.Matrix(name: string, rows, cols) =
        Parameters.matrix file (find name) rows cols

    member _.Vector(name: string, length) =
        Parameters.vector file (find name) length

    member _.Scalar(name: string) = Parameters.scalar file (find name)

    /// The types other than float32 of the tensors of more than one element that were asked for.
    member _.OtherTypes =
        [ for name in asked do
              let info = file.Info name

              if info.Dtype <> Dtype.F32 && not info.Shape.IsEmpty then
                  Dtype.name info.Dtype ]
        |> List.distinct

    /// Fail if there is a tensor that nobody asked for.
    member _.CheckAllRead() =
        for info in file.Tensors do
            if not (ignored info.Name || asked.Contains info.Name) then
                let known = String.concat ", " asked
                let problem = $"holds the unknown tensor '{info.Name}'; expected are {known}"
                raise (BadInput(file.Path, problem))
