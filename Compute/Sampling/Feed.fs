namespace SynthSae.Compute

open System

/// Batch after batch for training, where its backend wants them.
type IFeed =
    inherit IDisposable

    /// The next batch (B, D); it stays until the next call.
    abstract Next: unit -> Batch

module Feed =
    /// Batches of `rows` samples on the host, from sample `first` on.
    let onHost (data: IBatches) (rows: int) (first: int64) : IFeed =
        let x = Matrix(rows, data.Dim)
        let mutable next = first

        { new IFeed with
            member _.Next() =
                data.Fill(next, x)
                next <- next + int64 rows
                Batch.Host x

            member _.Dispose() = () }
