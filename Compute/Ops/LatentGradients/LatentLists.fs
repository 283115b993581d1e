namespace SynthSae.Compute.Ops

open SynthSae.Compute

/// Codes by latent: for each latent the samples that use it, ascending, with what comes in from losses and what
/// back-propagation finds at each entry.
[<Sealed>]
type LatentLists() =
    let mutable start: int[] = [||]
    let mutable sample: int[] = [||]
    let mutable value: float32[] = [||]
    let mutable next: int[] = [||]
    let mutable origin: int[] = [||]
    let mutable slope: float32[] = [||]
    let mutable byCode: float32[] = [||]
    let mutable gates: float32[] = [||]
    let mutable extras: float32[] = [||]

    let reserve latents count =
        if start.Length <> latents + 1 then
            start <- Array.zeroCreate (latents + 1)
            next <- Array.zeroCreate latents

        if sample.Length < count then
            sample <- Array.zeroCreate (2 * count)
            value <- Array.zeroCreate (2 * count)
            origin <- Array.zeroCreate (2 * count)
            slope <- Array.zeroCreate (2 * count)
            byCode <- Array.zeroCreate (2 * count)

    /// (L+1): where each latent's list starts.
    member _.Start = start

    /// (nnz): sample of each entry.
    member _.Sample = sample

    /// (nnz): code of each entry.
    member _.Value = value

    /// (nnz): place of each entry in the codes.
    member _.Origin = origin

    /// (nnz): s of each entry after back-propagation.
    member _.Slope = slope

    /// (nnz): d of each entry after back-propagation.
    member _.ByCode = byCode

    /// What the gradient by the code of an entry is multiplied with on its way to the encoder.
    member _.Gate(entry: int) =
        if gates.Length = 0 then 1.0f else gates[origin[entry]]

    /// The slope that other losses give an entry.
    member _.Extra(entry: int) =
        if extras.Length = 0 then 0.0f else extras[origin[entry]]

    /// Transpose a batch. `gate` and `extra` hold one number for each entry of the codes, or are empty for
    /// 1 and 0 each; they are kept, not copied.
    member _.Fill(codes: Codes, gate: float32[], extra: float32[]) =
        let latents = codes.Width
        reserve latents codes.Count
        gates <- gate
        extras <- extra
        System.Array.Clear start

        for entry in 0 .. codes.Count - 1 do
            let latent = codes.Index[entry]
            start[latent + 1] <- start[latent + 1] + 1

        for latent in 0 .. latents - 1 do
            start[latent + 1] <- start[latent + 1] + start[latent]
            next[latent] <- start[latent]

        for row in 0 .. codes.Rows - 1 do
            for entry in codes.RowStart[row] .. codes.RowStart[row + 1] - 1 do
                let place = next[codes.Index[entry]]
                sample[place] <- row
                value[place] <- codes.Value[entry]
                origin[place] <- entry
                next[codes.Index[entry]] <- place + 1

    /// Transpose a batch to which no other loss adds.
    member lists.Fill(codes: Codes) = lists.Fill(codes, [||], [||])

    /// Write the slopes in the order of the codes.
    member _.SlopesTo(target: float32[]) =
        for entry in 0 .. start[start.Length - 1] - 1 do
            target[origin[entry]] <- slope[entry]
