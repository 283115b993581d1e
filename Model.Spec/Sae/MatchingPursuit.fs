namespace SynthSae.Spec

open SynthSae.Spec.Coding

/// When matching pursuit ends (REFERENCE §9.8). Encoder and decoder are one matrix.
type MatchingPursuit =
    {
        /// A sample is finished when the norm of its residual is below this; 0 for never.
        ResidualThreshold: float
        /// At least 1; `None` for D.
        MaxIterations: int option
        /// A sample is finished when an iteration adds no new latent.
        StopOnDuplicateSupport: bool
    }

module internal MatchingPursuit =
    let rules (pursuit: MatchingPursuit) =
        Rules.notNegative "residual_threshold" pursuit.ResidualThreshold
        @ Rules.optional (Rules.atLeast 1) "max_iterations" pursuit.MaxIterations

    let fields =
        Fields.fields<MatchingPursuit> {
            let! threshold =
                Fields.optional "residual_threshold" Codec.number 0.01
                |> Fields.from _.ResidualThreshold

            and! iterations =
                Fields.optional "max_iterations" (Codec.nullable Codec.int) None
                |> Fields.from _.MaxIterations

            and! duplicate =
                Fields.optional "stop_on_duplicate_support" Codec.bool true
                |> Fields.from _.StopOnDuplicateSupport

            return
                { ResidualThreshold = threshold
                  MaxIterations = iterations
                  StopOnDuplicateSupport = duplicate }
        }
