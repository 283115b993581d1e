namespace SynthSae.Compute.Ops

open System
open SynthSae.Compute

/// A feature that is active after the hierarchy.
[<Struct>]
type internal Active = { Slot: int; Feature: int; Value: float32 }

/// Codes of many samples, one after the other.
[<Sealed>]
type internal GatheredCodes(slots: int) =
    let slotEnd = Array.zeroCreate<int>(slots + 1)
    let index = Pinned<int> 4096
    let value = Pinned<float32> 4096
    let mutable count = 0

    let sortRow first length =
        let index = index.Items.AsSpan(first, length)
        let value = value.Items.AsSpan(first, length)

        if length > 256 then
            index.Sort value
        else
            // Entries come nearly sorted: level after level, each ascending.
            for i in 1 .. length - 1 do
                let feature = index[i]
                let current = value[i]
                let mutable j = i - 1

                while j >= 0 && index[j] > feature do
                    index[j + 1] <- index[j]
                    value[j + 1] <- value[j]
                    j <- j - 1

                index[j + 1] <- feature
                value[j + 1] <- current

    /// Number of entries.
    member _.Count = count

    /// Features of the entries.
    member _.Index = index.Items

    /// Values of the entries.
    member _.Value = value.Items

    /// Forget all entries.
    member _.Clear() = count <- 0

    /// Add samples, one for each element of `rowCount`, each by ascending feature, and put their numbers of
    /// entries there.
    member _.Add(active: Pinned<Active>, activeCount: int, rowCount: Span<int>) =
        Array.Clear slotEnd

        for i in 0 .. activeCount - 1 do
            let slot = active.Items[i].Slot
            slotEnd[slot + 1] <- slotEnd[slot + 1] + 1

        for slot in 0 .. rowCount.Length - 1 do
            rowCount[slot] <- slotEnd[slot + 1]
            slotEnd[slot + 1] <- slotEnd[slot + 1] + slotEnd[slot]

        index.Reserve(count + activeCount)
        value.Reserve(count + activeCount)

        for i in 0 .. activeCount - 1 do
            let active = active.Items[i]
            let place = count + slotEnd[active.Slot]
            index.Items[place] <- active.Feature
            value.Items[place] <- active.Value
            slotEnd[active.Slot] <- slotEnd[active.Slot] + 1

        for slot in 0 .. rowCount.Length - 1 do
            sortRow count rowCount[slot]
            count <- count + rowCount[slot]
