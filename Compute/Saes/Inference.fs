namespace SynthSae.Compute

/// An SAE as it is put to work.
type Inference =
    {
        Sae: Sae
        /// Leave-one-out pruning: active latents whose score z (see `Ops.Prune`) is at most this are dropped. An
        /// amplitude in units of x; none for no pruning.
        PruneBelow: float32 option
    }

module Inference =
    /// Every latent that the activation selects.
    let plain (sae: Sae) : Inference = { Sae = sae; PruneBelow = None }
