module SynthSae.Spec.Units

/// One draw from a synthetic model.
[<Measure>]
type sample

/// One optimiser step.
[<Measure>]
type step

/// One true feature of a synthetic model.
[<Measure>]
type feature

/// One latent of a sparse autoencoder.
[<Measure>]
type latent
