namespace SynthSae.Spec

/// A draw from a synthetic model: one activation vector x in R^D.
[<Measure>]
type sample

/// An optimiser step: one batch of samples.
[<Measure>]
type step
