namespace SynthSae.Bench

open SynthSae.Compute
open SynthSae.Spec

/// The world and the SAEs that the figures are made with: SynthSAEBench-16k, width 4096, 25 active latents, batches of 1024.
module Bench16k =
    [<Literal>]
    let Batch = 1024

    /// A spec that is known to be valid.
    let valid (result: Result<'T, SpecError list>) =
        match result with
        | Ok value -> value
        | Error errors -> failwith (errors |> List.map string |> String.concat "\n")

    let private preset = valid (Presets.find "synth-sae-bench-16k")

    /// The run of the preset.
    let spec = preset.Run

    /// The run of the preset with another architecture.
    let run architecture =
        { spec with
            Saes = [ { spec.Sae with Architecture = architecture } ] }
        |> RunSpec.validate
        |> valid

    /// The model, its dictionary left random: orthogonalisation takes long and changes no speed.
    let model =
        match RunSpec.model preset.Run with
        | Some model -> { model with Orthogonalization = None }
        | None -> failwith $"the preset {preset.Name} has no model of its own"

    /// Compiled.
    let world backend =
        WorldCompiler.compile backend (valid (SyntheticModelSpec.validate model))
