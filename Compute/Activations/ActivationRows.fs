namespace SynthSae.Compute

open System
open System.Globalization
open SynthSae.Compute.Files

/// Files of activations as one long list of rows of R^D, in float32.
[<Sealed>]
type ActivationRows private (shards: ActivationShard[]) =
    /// Number of the first row of each file, and of all rows.
    let starts = shards |> Array.map _.Rows |> Array.scan (+) 0L

    let shardOf (row: int64) =
        let found = Array.BinarySearch(starts, row)
        let mutable shard = if found >= 0 then found else ~~~found - 1

        // Files without rows begin where the next one does.
        while shards[shard].Rows = 0L do
            shard <- shard + 1

        shard

    static let sameDim (shards: ActivationShard[]) =
        for shard in shards do
            if shard.Dim <> shards[0].Dim then
                let problem =
                    $"has rows of {shard.Dim} numbers, {shards[0].Path} of {shards[0].Dim}"

                raise (BadInput(shard.Path, problem))

    /// Open the files that a list of files, folders and patterns stands for; `tensor` names the tensor of safetensors
    /// files, by default the only one with rows.
    static member Open(entries: string list, tensor: string option) : ActivationRows =
        let opened = ResizeArray<ActivationShard>()

        try
            for path in ActivationPaths.expand entries do
                opened.Add(ActivationShard.Open(path, tensor))

            if opened.Count = 0 then
                raise (BadInput("activations", "no files are named"))

            sameDim (opened.ToArray())
            new ActivationRows(opened.ToArray())
        with _ ->
            for shard in opened do
                (shard :> IDisposable).Dispose()

            reraise ()

    /// Number of files.
    member _.Files = shards.Length

    /// Number of rows.
    member _.Rows = Array.last starts

    /// D.
    member _.Dim = shards[0].Dim

    /// Tells lists of rows apart, by the files' types, shapes and some of their content.
    member _.Checksum: string =
        (0u, shards)
        ||> Array.fold (fun sum shard ->
            Checksum.crc32c sum (ReadOnlySpan(BitConverter.GetBytes shard.Checksum)))
        |> fun sum -> sum.ToString("x8", CultureInfo.InvariantCulture)

    /// Read rows first … first+count−1 into the rows of `target` from `at` on. May be called from several threads.
    /// Fails with file and row at a number that is not finite, and where a file has changed.
    member _.Read(first: int64, count: int, target: Matrix, at: int) =
        let mutable row = first
        let mutable place = at

        while place < at + count do
            let shard = shardOf row
            let left = min (int64 (at + count - place)) (starts[shard + 1] - row)
            let destination = target.Span.Slice(place * target.Cols, int left * target.Cols)
            shards[shard].Read(row - starts[shard], destination)
            row <- row + left
            place <- place + int left

    interface IDisposable with
        member _.Dispose() =
            for shard in shards do
                (shard :> IDisposable).Dispose()
