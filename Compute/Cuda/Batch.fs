namespace SynthSae.Compute

open SynthSae.Compute.Cuda

/// A batch of samples x (B, D), in the memory where its backend works.
[<RequireQualifiedAccess>]
type Batch =
    /// In the host's memory.
    | Host of Matrix
    /// In a GPU's memory.
    | Device of DeviceMatrix

    /// B.
    member batch.Rows =
        match batch with
        | Host x -> x.Rows
        | Device x -> x.Rows

module Batch =
    /// The samples in the host's memory: themselves, or a copy.
    let toHost (batch: Batch) : Matrix =
        match batch with
        | Batch.Host x -> x
        | Batch.Device x -> x.ToMatrix()
