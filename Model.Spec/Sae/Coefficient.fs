namespace SynthSae.Spec

open SynthSae.Spec.Coding

/// The weight of a sparsity loss, which may start at 0.
type Coefficient =
    {
        /// λ; at least 0.
        Value: float
        /// λ grows linearly from 0 over so many steps: λ·min(step/steps, 1).
        WarmUpSteps: int<step>
    }

/// Codecs of counts with a unit.
module internal Count =
    let samples = Codec.int64 |> Codec.map (fun n -> n * 1L<sample>) int64

    let steps = Codec.int |> Codec.map (fun n -> n * 1<step>) int

module internal Coefficient =
    /// Of a loss called `l1` or `l0`.
    let rules loss (coefficient: Coefficient) =
        Rules.notNegative $"{loss}_coefficient" coefficient.Value
        @ Rules.atLeast 0 $"{loss}_warm_up_steps" (int coefficient.WarmUpSteps)

    /// Of a loss called `l1` or `l0`.
    let fields loss =
        Fields.fields<Coefficient> {
            let! value =
                Fields.optional $"{loss}_coefficient" Codec.number 1.0 |> Fields.from _.Value

            and! warmUp =
                Fields.optional $"{loss}_warm_up_steps" Count.steps 0<step>
                |> Fields.from _.WarmUpSteps

            return { Value = value; WarmUpSteps = warmUp }
        }
