// Shows a run as it is read: the preset or file, parsed, changed, checked, and its JSON.
//
//   dotnet fsi scripts/spec.fsx [PRESET or FILE] [PATH=VALUE …]
//   dotnet fsi scripts/spec.fsx small sae.k=8 training_samples=1e6
//
// Everything that is wrong is listed at once, each error with its path, the rule and the value.

#load "load.fsx"

open SynthSae.Compute
open SynthSae.Spec

let setting (text: string) =
    match text.IndexOf '=' with
    | -1 -> raise (BadInput(text, "is not PATH=VALUE"))
    | place -> text.Substring(0, place), text.Substring(place + 1)

let architecture (sae: SaeSpec) =
    let name =
        match sae.Architecture with
        | SaeArchitecture.Standard _ -> "Standard"
        | SaeArchitecture.TopK _ -> "TopK"
        | SaeArchitecture.AbsTopK _ -> "AbsTopK"
        | SaeArchitecture.BatchTopK _ -> "BatchTopK"
        | SaeArchitecture.Matryoshka _ -> "Matryoshka BatchTopK"
        | SaeArchitecture.JumpRelu _ -> "JumpReLU"
        | SaeArchitecture.Gated _ -> "Gated"
        | SaeArchitecture.MatchingPursuit _ -> "matching pursuit"

    match SaeSpec.l0 sae with
    | Some k -> $"{name} with k = {k}"
    | None -> name

Script.run (fun () ->
    let name, settings =
        match Script.arguments with
        | [] -> "tiny", []
        | name :: settings -> name, List.map setting settings

    let run = (Script.specification settings name).Value
    let training = run.Training
    let steps = (int64 training.Samples - 1L) / int64 training.BatchSize + 1L

    match RunSpec.model run with
    | Some model -> printfn $"world  {model.NumFeatures} features in R^{model.HiddenDim}"
    | None -> printfn $"data   {run.Data}"

    printfn $"SAE    {run.Sae.DSae} latents, {architecture run.Sae}"
    printfn $"train  {steps} steps of {training.BatchSize} samples"
    printfn $"score  {run.Evaluation.Samples} samples"
    printfn "\n%s" (RunSpec.toJson run))
