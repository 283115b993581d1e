namespace SynthSae.Compute

/// Which implementation of the ops runs. All compute the same: `Reference` defines the meaning in
/// plain loops with double accumulation, the others are compared with it.
[<RequireQualifiedAccess>]
type Backend =
    /// Plain loops on one thread.
    | Reference
    /// SIMD on the given number of threads; the result does not depend on the number.
    | Cpu of threads: int

module Backend =
    /// SIMD on every core of the machine.
    let cpu = Backend.Cpu System.Environment.ProcessorCount

    /// Number of threads that the backend works with.
    let threads backend =
        match backend with
        | Backend.Reference -> 1
        | Backend.Cpu threads -> threads
