namespace SynthSae.Compute

/// Where an operation runs. `Reference` defines the meaning, the others are compared with it.
[<RequireQualifiedAccess>]
type Backend =
    | Reference
    | Cpu
    | Cuda
