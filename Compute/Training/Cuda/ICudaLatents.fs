namespace SynthSae.Compute.Training

open SynthSae.Compute
open SynthSae.Compute.Cuda

/// How an architecture comes from inputs to latents, and back from the error of their reconstruction to all
/// gradients, on a GPU (see `ILatents`).
type ICudaLatents =
    /// Latents of x (B, D).
    abstract Forward: x: DeviceMatrix -> unit

    /// The latents of the batch.
    abstract Codes: DeviceCodes

    /// The least compared value that the selection kept; 0 where that has no meaning.
    abstract Smallest: DeviceScalar<float32>

    /// The same of a first selection.
    abstract FirstSmallest: DeviceScalar<float32>

    /// How often each latent fired in the batch, into zeros (L).
    abstract Count: fires: DeviceArray<int> -> unit

    /// All gradients of the batch, written, and the terms of the loss beside the errors. `x` is what came in.
    abstract Backward: x: DeviceMatrix * reconstruction: CudaReconstruction -> unit

    /// (L, D): W_enc in bf16, which the optimiser keeps up to date; empty where it is not needed.
    abstract Low: DeviceArray<uint16>

    /// After the parameters were written by the host, before `Refresh`.
    abstract Restart: unit -> unit

    /// After the parameters have changed.
    abstract Refresh: unit -> unit

/// What the implementations share.
module internal CudaLatents =
    /// How often each latent fired, from codes.
    let count (gpu: Gpu) (codes: DeviceCodes) (rows: int) (fires: DeviceArray<int>) =
        gpu.Launch(
            "latents_count",
            rows,
            128,
            [ codes.Count.Arg; codes.Index.Arg; Arg.Of codes.Stride; fires.Arg ]
        )

    /// The same from lists of them.
    let countLists (gpu: Gpu) (lists: DeviceLists) (fires: DeviceArray<int>) =
        gpu.Launch(
            "latents_count_lists",
            (lists.Latents + 255) / 256,
            256,
            [ lists.Start.Arg; Arg.Of lists.Latents; fires.Arg ]
        )
