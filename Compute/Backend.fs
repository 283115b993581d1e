namespace SynthSae.Compute

open SynthSae.Compute.Cuda

/// Which implementation of the ops runs. All compute the same: `Reference` defines the meaning in
/// plain loops with double accumulation, the others are compared with it.
[<RequireQualifiedAccess>]
type Backend =
    /// Plain loops on one thread.
    | Reference
    /// SIMD on the given number of threads; the result does not depend on the number.
    | Cpu of threads: int
    /// Kernels on a GPU; what has none runs as on `Cpu` with so many threads.
    | Cuda of gpu: Gpu * threads: int

module Backend =
    /// SIMD on every core of the machine.
    let cpu = Backend.Cpu System.Environment.ProcessorCount

    /// Threads of the SIMD loops of what a backend does on the host; none where it uses plain loops.
    let hostThreads backend =
        match backend with
        | Backend.Reference -> None
        | Backend.Cpu threads
        | Backend.Cuda(_, threads) -> Some threads

    /// Number of threads that the backend works with on the host.
    let threads backend =
        hostThreads backend |> Option.defaultValue 1

    /// What tells results apart to the last bit: threads do not, and one GPU does not from another of its kind.
    let kind backend =
        match backend with
        | Backend.Reference -> "reference"
        | Backend.Cpu _ -> "cpu"
        | Backend.Cuda _ -> "cuda"
