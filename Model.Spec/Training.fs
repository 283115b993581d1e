namespace SynthSae.Spec

open SynthSae.Spec.Coding

/// The learning rate between warm-up and decay (reference: `lr_scheduler_name`).
[<RequireQualifiedAccess>]
type LrScheduler =
    /// lr all the way.
    | Constant
    /// Half a cosine from `lr` to `lr_end`.
    | Cosine
    /// Cosine restarted `cycles` times (`cosineannealingwarmrestarts`).
    | CosineRestarts of cycles: int

/// What the encoder's product reads: x' and W_enc are rounded to these numbers before they are multiplied. Sums, and
/// everything else, are float32; gradients are those of the product without rounding. (The reference's
/// `autocast_sae` rounds what its linear layers read in the same way.)
[<RequireQualifiedAccess>]
type Precision =
    /// As they are.
    | Fp32
    /// 10 bits of fraction, to nearest, ties away from zero.
    | Tf32
    /// 7 bits of fraction, to nearest, ties to even.
    | Bf16

/// How an SAE is trained (reference: `SyntheticSAERunnerConfig`).
type TrainingSpec =
    {
        /// Samples to train on; the last batch may overshoot.
        Samples: int64<sample>
        /// B.
        BatchSize: int
        Lr: float
        LrScheduler: LrScheduler
        /// Linear from lr/steps to lr.
        LrWarmUpSteps: int<step>
        /// Linear to 0 at the end.
        LrDecaySteps: int<step>
        /// `None`: lr / 10.
        LrEnd: float option
        AdamBeta1: float
        AdamBeta2: float
        /// Batches from which the scale of activations is estimated (`expected_average_only_in`).
        NormBatches: int
        /// A latent is dead when it has not fired for more than this many steps.
        DeadFeatureWindow: int<step>
        /// Of the encoder's product while training; scores are always taken in float32.
        Precision: Precision
        /// Seed of the SAE's initial weights and of the data streams.
        Seed: int64
    }

/// Leave-one-out pruning of the saved SAE: active latents of which too little is left when all others are taken
/// away from the sample are dropped.
[<RequireQualifiedAccess>]
type PruningSpec =
    | Off
    /// Below a threshold that is found from training samples, without the truth.
    | Auto
    /// Those whose score, an amplitude in units of x, is at most this.
    | Below of threshold: float

/// How an SAE is scored.
type EvaluationSpec =
    {
        /// Samples of the final evaluation.
        Samples: int64<sample>
        /// Steps between evaluations while training; 0 for none.
        Frequency: int<step>
        /// Samples of an evaluation while training.
        IntermediateSamples: int64<sample>
        /// Evaluate at the end.
        Final: bool
        /// Score the saved SAE with pruning besides.
        Pruning: PruningSpec
    }

module internal Precision =
    /// By name.
    let codec: Codec<Precision> =
        Codec.named [ "fp32", Precision.Fp32; "tf32", Precision.Tf32; "bf16", Precision.Bf16 ]

module internal LrScheduler =
    let private name scheduler =
        match scheduler with
        | LrScheduler.Constant -> "constant"
        | LrScheduler.Cosine -> "cosineannealing"
        | LrScheduler.CosineRestarts _ -> "cosineannealingwarmrestarts"

    let private names =
        [ LrScheduler.Constant; LrScheduler.Cosine; LrScheduler.CosineRestarts 1 ]
        |> List.map name

    let private ofPair (chosen, cycles) =
        if chosen = name (LrScheduler.CosineRestarts cycles) then
            Ok(LrScheduler.CosineRestarts cycles)
        elif cycles = 1 then
            Ok(
                if chosen = name LrScheduler.Cosine then
                    LrScheduler.Cosine
                else
                    LrScheduler.Constant
            )
        else
            let rule = $"must be 1: the scheduler \"{chosen}\" has no restarts"
            Error(Rules.check "n_restart_cycles" rule cycles false)

    let private toPair scheduler =
        match scheduler with
        | LrScheduler.CosineRestarts cycles -> name scheduler, cycles
        | _ -> name scheduler, 1

    /// The two fields that together say which scheduler.
    let fields: Fields<LrScheduler, LrScheduler> =
        Fields.pair
            (Fields.optional "lr_scheduler_name" (Codec.oneOf names) "constant")
            (Fields.optional "n_restart_cycles" Codec.int 1)
        |> Fields.convert ofPair toPair

/// Training as the reference does it by default.
module TrainingSpec =
    /// The reference's defaults; seed 0.
    let standard: TrainingSpec =
        { Samples = 100_000_000L<sample>
          BatchSize = 1024
          Lr = 3e-4
          LrScheduler = LrScheduler.Constant
          LrWarmUpSteps = 0<step>
          LrDecaySteps = 0<step>
          LrEnd = None
          AdamBeta1 = 0.9
          AdamBeta2 = 0.999
          NormBatches = 1000
          DeadFeatureWindow = 1000<step>
          Precision = Precision.Fp32
          Seed = 0L }

    let private betaRules path beta =
        Rules.number path "must be in [0, 1)" beta (0.0 <= beta && beta < 1.0)

    // Schedules count whole batches, as the reference's do; without a batch there are none.
    let private wholeSteps (spec: TrainingSpec) =
        if spec.BatchSize > 0 then int64 spec.Samples / int64 spec.BatchSize else 0L

    // Steps are counted in 32 bits; a partial batch may come on top.
    let private mostSteps = int64 System.Int32.MaxValue - 1L

    let private scheduleRules (spec: TrainingSpec) =
        let steps = wholeSteps spec
        let edges = int64 spec.LrWarmUpSteps + int64 spec.LrDecaySteps

        let restarts =
            match spec.LrScheduler with
            | LrScheduler.CosineRestarts cycles ->
                let fits = cycles >= 1 && int64 cycles <= max 1L steps
                Rules.check "n_restart_cycles" $"must be in [1, {steps} steps]" cycles fits
            | _ -> []

        Rules.atLeast 0 "lr_warm_up_steps" (int spec.LrWarmUpSteps)
        @ Rules.atLeast 0 "lr_decay_steps" (int spec.LrDecaySteps)
        @ Rules.check
            "lr_decay_steps"
            $"plus lr_warm_up_steps must be at most the {steps} steps of the run"
            edges
            (edges <= steps)
        @ Rules.optional Rules.notNegative "lr_end" spec.LrEnd
        @ Rules.check
            "lr_end"
            "must be above 0 when there are lr_decay_steps"
            "0"
            (spec.LrEnd <> Some 0.0 || spec.LrDecaySteps <= 0<step>)
        @ restarts

    let internal rules (spec: TrainingSpec) =
        Rules.check
            "training_samples"
            "must be at least 1"
            spec.Samples
            (spec.Samples >= 1L<sample>)
        @ Rules.check
            "training_samples"
            $"must make at most {mostSteps} batches"
            spec.Samples
            (wholeSteps spec <= mostSteps)
        @ Rules.atLeast 1 "batch_size" spec.BatchSize
        @ Rules.positive "lr" spec.Lr
        @ scheduleRules spec
        @ betaRules "adam_beta1" spec.AdamBeta1
        @ betaRules "adam_beta2" spec.AdamBeta2
        @ Rules.atLeast 1 "n_batches_for_norm_estimate" spec.NormBatches
        @ Rules.atLeast 0 "dead_feature_window" (int spec.DeadFeatureWindow)

    let internal fields: Fields<TrainingSpec, TrainingSpec> =
        let field name codec part =
            Fields.optional name codec (part standard) |> Fields.from part

        Fields.fields<TrainingSpec> {
            let! samples = field "training_samples" Count.samples _.Samples
            and! batch = field "batch_size" Codec.int _.BatchSize
            and! lr = field "lr" Codec.number _.Lr
            and! warmUp = field "lr_warm_up_steps" Count.steps _.LrWarmUpSteps
            and! decay = field "lr_decay_steps" Count.steps _.LrDecaySteps
            and! scheduler = LrScheduler.fields |> Fields.from _.LrScheduler
            and! lrEnd = field "lr_end" (Codec.nullable Codec.number) _.LrEnd
            and! beta1 = field "adam_beta1" Codec.number _.AdamBeta1
            and! beta2 = field "adam_beta2" Codec.number _.AdamBeta2
            and! normBatches = field "n_batches_for_norm_estimate" Codec.int _.NormBatches
            and! window = field "dead_feature_window" Count.steps _.DeadFeatureWindow

            and! precision =
                Fields.unusual "precision" Precision.codec Precision.Fp32 |> Fields.from _.Precision

            and! seed = field "seed" Codec.int64 _.Seed

            return
                { Samples = samples
                  BatchSize = batch
                  Lr = lr
                  LrScheduler = scheduler
                  LrWarmUpSteps = warmUp
                  LrDecaySteps = decay
                  LrEnd = lrEnd
                  AdamBeta1 = beta1
                  AdamBeta2 = beta2
                  NormBatches = normBatches
                  DeadFeatureWindow = window
                  Precision = precision
                  Seed = seed }
        }

module internal PruningSpec =
    let private auto = "auto"

    let rules path pruning =
        match pruning with
        | PruningSpec.Below threshold -> Rules.finite path threshold
        | PruningSpec.Off
        | PruningSpec.Auto -> []

    /// null, "auto" or a number.
    let codec: Codec<PruningSpec> =
        let read json =
            match json with
            | Json.Null -> Ok PruningSpec.Off
            | Json.String text when text = auto -> Ok PruningSpec.Auto
            | Json.Number _ -> Codec.number.Read json |> Result.map PruningSpec.Below
            | other -> Codec.fail $"must be null, \"{auto}\" or a number" other

        let write pruning =
            match pruning with
            | PruningSpec.Off -> Json.Null
            | PruningSpec.Auto -> Json.String auto
            | PruningSpec.Below threshold -> Codec.number.Write threshold

        { Read = read; Write = write }

/// Scoring as the reference does it by default.
module EvaluationSpec =
    /// The reference's defaults; an evaluation while training takes 20,480 samples.
    let standard: EvaluationSpec =
        { Samples = 500_000L<sample>
          Frequency = 0<step>
          IntermediateSamples = 20_480L<sample>
          Final = true
          Pruning = PruningSpec.Off }

    let private samplesRules path samples =
        Rules.check path "must be at least 1" samples (samples >= 1L<sample>)

    let internal rules (spec: EvaluationSpec) =
        Rules.atLeast 0 "eval_frequency" (int spec.Frequency)
        @ samplesRules "eval_samples" spec.Samples
        @ samplesRules "eval_intermediate_samples" spec.IntermediateSamples
        @ PruningSpec.rules "eval_pruning" spec.Pruning

    let internal fields: Fields<EvaluationSpec, EvaluationSpec> =
        let field name codec part =
            Fields.optional name codec (part standard) |> Fields.from part

        Fields.fields<EvaluationSpec> {
            let! frequency = field "eval_frequency" Count.steps _.Frequency
            and! samples = field "eval_samples" Count.samples _.Samples

            and! intermediate =
                field "eval_intermediate_samples" Count.samples _.IntermediateSamples

            and! final = field "run_final_eval" Codec.bool _.Final
            and! pruning = field "eval_pruning" PruningSpec.codec _.Pruning

            return
                { Samples = samples
                  Frequency = frequency
                  IntermediateSamples = intermediate
                  Final = final
                  Pruning = pruning }
        }
