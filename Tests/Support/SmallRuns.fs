namespace SynthSae.Tests

open SynthSae.Spec

/// Runs whose every step can be looked at: batches of 8 in R^12, 15 steps with warm-up and decay, latents dead after
/// one step without firing.
module SmallRuns =
    /// D.
    [<Literal>]
    let Dim = 12

    /// L of the SAEs that these runs are for.
    [<Literal>]
    let Latents = 16

    /// The run of an SAE.
    let ofSae (sae: SaeSpec) : Valid<RunSpec> =
        let tiny = (Presets.tryFind "tiny" |> Option.get).Run

        let training =
            { tiny.Training with
                BatchSize = 8
                Samples = 120L<sample>
                LrScheduler = LrScheduler.Cosine
                LrWarmUpSteps = 2<step>
                LrDecaySteps = 3<step>
                DeadFeatureWindow = 1<step> }

        match
            RunSpec.validate
                { tiny with
                    Data = DataSource.Synthetic(ModelSource.Spec(SyntheticModelSpec.create 32 Dim))
                    Saes = [ sae ]
                    Training = training }
        with
        | Ok spec -> spec
        | Error errors -> failwith $"{errors}"

    /// The batch of a step.
    let batch number = Samples.gaussian number 8 Dim
