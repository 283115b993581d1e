namespace SynthSae.Compute.Ops

open System
open System.Numerics
open System.Runtime.Intrinsics
open FSharp.NativeInterop
open SynthSae.Compute

/// Groups that active features have opened, and the samples they belong to.
[<Sealed>]
type internal OpenGroups() =
    let mutable count = 0
    let slot = Pinned<int> 1024
    let group = Pinned<int> 1024
    let ratio = Pinned<float32> 1024

    member _.Count = count
    member _.Slot = slot.Items
    member _.Group = group.Items
    /// What scaled children are multiplied by.
    member _.Ratio = ratio.Items
    member _.Clear() = count <- 0

    member _.Add(newSlot, newGroup, newRatio) =
        slot.Reserve(count + 1)
        group.Reserve(count + 1)
        ratio.Reserve(count + 1)
        slot.Items[count] <- newSlot
        group.Items[count] <- newGroup
        ratio.Items[count] <- newRatio
        count <- count + 1

/// Counters of Philox blocks to be drawn, and the words.
[<Sealed>]
type internal Requests() =
    let mutable count = 0
    let block = Pinned<uint64> 1024
    let row = Pinned<uint64> 1024
    let words = Pinned<uint32> 4096

    member _.Count = count
    member _.Block = block.Ptr
    member _.Row = row.Ptr
    /// (Count, 4): random words, or their normal numbers.
    member _.Words = words.Ptr
    member _.Clear() = count <- 0

    /// Ask for a block; returns its number.
    member _.Add(newBlock: int, newRow: int64) =
        // Room for whole vectors beyond the last request.
        block.Reserve(count + 8)
        row.Reserve(count + 8)
        block.Items[count] <- uint64 newBlock
        row.Items[count] <- uint64 newRow
        count <- count + 1
        count - 1

    /// Draw all blocks asked for.
    member _.Draw(key, c1) =
        words.Reserve(4 * (count + 8))
        SampleCodesKernels.words key c1 block.Ptr row.Ptr count words.Ptr

/// Draws up to `SampleCodesKernels.Slots` samples at a time, on one thread, and gathers their codes.
[<Sealed>]
type internal SampleWorker(plan: SamplerPlan, portable: bool) =
    let world = plan.World
    let rank = world.Rank
    let forest = world.Forest
    let slots = SampleCodesKernels.Slots

    // What the always-tried features need.
    let factor = Matrix(max 1 rank, slots)
    let keys = Pinned<uint64>(2 * Philox.Rounds)
    let rounds = Pinned<uint64>(4 * slots)
    let bound = Matrix.ofArray 1 32 NormalBound.table
    let means = Matrix(16, 16)
    let chunkWords = Matrix(1, 32)
    let candidates = Pinned<Candidate> 4096

    // Features that fire and have no gate.
    let mutable firing = 0
    let firingSlot = Pinned<int> 1024
    let firingFeature = Pinned<int> 1024

    // Draws in bulk.
    let requests = Requests()
    let siblings = Requests()
    let words = Pinned<uint32> 4096

    // One level of the descent.
    let mutable level = OpenGroups()
    let mutable nextLevel = OpenGroups()
    let cellAddress = Pinned<nativeint> 1024
    let cellFactor = Pinned<nativeint> 1024
    let values = Pinned<float32> 4096

    // Active features of the present samples, and the codes of all since `Clear`.
    let mutable active = 0
    let activeSlot = Pinned<int> 4096
    let activeFeature = Pinned<int> 4096
    let activeValue = Pinned<float32> 4096
    let slotEnd = Array.zeroCreate<int>(slots + 1)
    let mutable count = 0
    let index = Pinned<int> 4096
    let value = Pinned<float32> 4096

    let mutable firstSample = 0L
    let mutable samples = 0

    let key = world.Seed
    let c1 (stream: Stream) (purpose: Purpose) = (Draw.counter stream purpose 0L 0).W1
    do SampleCodesKernels.keySchedule key keys.Items

    /// ε of each sample, (R, Slots).
    let drawFactor stream =
        requests.Clear()

        for block in 0 .. (rank + 3) / 4 - 1 do
            for slot in 0 .. samples - 1 do
                requests.Add(block, firstSample + int64 slot) |> ignore

        requests.Draw(key, c1 stream Purpose.Factor)
        SampleCodesKernels.normals requests.Words (4 * requests.Count)

        for r in 0 .. rank - 1 do
            let row = factor.Row r
            let first = (r >>> 2) * samples

            for slot in 0 .. samples - 1 do
                let word = NativePtr.get requests.Words (4 * (first + slot) + (r &&& 3))
                row[slot] <- BitConverter.UInt32BitsToSingle word

    /// Try candidates exactly.
    let accept found =
        words.Reserve(found + 16)

        for i in 0 .. found - 1 do
            words.Items[i] <- candidates.Items[i].Word

        SampleCodesKernels.normals words.Ptr found
        firingSlot.Reserve(firing + found)
        firingFeature.Reserve(firing + found)

        for i in 0 .. found - 1 do
            let candidate = candidates.Items[i]
            let noise = BitConverter.UInt32BitsToSingle words.Items[i]
            let sd = NativePtr.get plan.ChunkSd.Ptr candidate.Lane
            let threshold = NativePtr.get plan.ChunkThreshold.Ptr candidate.Lane

            if candidate.Slot < samples && SampleCodes.fires sd noise candidate.Mean threshold then
                firingSlot.Items[firing] <- candidate.Slot
                firingFeature.Items[firing] <- plan.ChunkFeature[candidate.Lane]
                firing <- firing + 1

    /// Find the always-tried features that fire.
    let tryChunks stream =
        let c1 = c1 stream Purpose.Firing

        for slot in 0 .. slots - 1 do
            let target = rounds.Items.AsSpan(4 * slot, 4)
            SampleCodesKernels.firstRounds keys.Items c1 (firstSample + int64 slot) target

        let pass: ChunkPass =
            { Rank = rank
              Factor = factor.Ptr
              Rounds = rounds.Ptr
              Keys = keys.Ptr
              Bound = bound.Ptr
              Means = means.Ptr }

        let lanes = SamplerPlan.ChunkLanes
        let mostPerChunk = slots * lanes
        let words = chunkWords.Ptr |> NativePtr.toNativeInt |> NativePtr.ofNativeInt
        let mutable found = 0

        for chunk in 0 .. plan.Chunks - 1 do
            let product = NativePtr.add plan.ChunkProduct.Ptr (chunk * SamplerPlan.ChunkBlocks)
            let threshold = plan.ChunkThreshold.RowPtr chunk
            let sd = plan.ChunkSd.RowPtr chunk
            let lane = chunk * lanes

            for slot in 0 .. SampleCodesKernels.Together .. samples - 1 do
                SampleCodesKernels.means
                    rank
                    (plan.ChunkFactor.RowPtr(chunk * rank))
                    (NativePtr.add factor.Ptr slot)
                    means.Ptr

                found <-
                    if portable then
                        SampleCodesKernels.filterPortable
                            &pass
                            product
                            threshold
                            sd
                            slot
                            lane
                            words
                            candidates.Ptr
                            found
                    else
                        SampleCodesKernels.filter
                            &pass
                            product
                            threshold
                            sd
                            slot
                            lane
                            words
                            candidates.Ptr
                            found

            if found > candidates.Items.Length - mostPerChunk then
                accept found
                found <- 0

        accept found

    /// Note an active feature and open the groups that it gates.
    let activate slot feature (current: float32) =
        activeSlot.Reserve(active + 1)
        activeFeature.Reserve(active + 1)
        activeValue.Reserve(active + 1)
        activeSlot.Items[active] <- slot
        activeFeature.Items[active] <- feature
        activeValue.Items[active] <- current
        active <- active + 1

        for group in plan.FeatureGroup[feature] .. plan.FeatureGroup[feature + 1] - 1 do
            nextLevel.Add(slot, group, SampleCodes.ratio current world.MeanMagnitude[feature])

    /// Magnitudes of the always-tried features that fire.
    let drawMagnitudes stream =
        requests.Clear()

        for i in 0 .. firing - 1 do
            requests.Add(firingFeature.Items[i] >>> 2, firstSample + int64 firingSlot.Items[i])
            |> ignore

        requests.Draw(key, c1 stream Purpose.Magnitude)
        words.Reserve(firing + 16)

        for i in 0 .. firing - 1 do
            words.Items[i] <- NativePtr.get requests.Words (4 * i + (firingFeature.Items[i] &&& 3))

        SampleCodesKernels.normals words.Ptr firing

        for i in 0 .. firing - 1 do
            let feature = firingFeature.Items[i]
            let noise = BitConverter.UInt32BitsToSingle words.Items[i]

            let current =
                SampleCodes.magnitude world.MeanMagnitude[feature] world.StdMagnitude[feature] noise

            if current > 0.0f then
                activate firingSlot.Items[i] feature current

    /// Values before the hierarchy of all cells of the level's groups, and the groups' sibling words.
    let drawCells stream =
        requests.Clear()
        siblings.Clear()
        let rowBytes = nativeint (4 * plan.Cells.Cols)
        let cells = NativePtr.toNativeInt plan.Cells.Ptr
        let factors = NativePtr.toNativeInt factor.Ptr

        let ask slot cell =
            let request = requests.Add(plan.CellBlock[cell], firstSample + int64 slot)
            cellAddress.Reserve(request + 1)
            cellFactor.Reserve(request + 1)
            cellAddress.Items[request] <- cells + nativeint cell * rowBytes
            cellFactor.Items[request] <- factors + nativeint (4 * slot)

        for i in 0 .. level.Count - 1 do
            let group = level.Group[i]
            let slot = level.Slot[i]

            for cell in plan.GroupCell[group] .. plan.GroupCell[group + 1] - 1 do
                ask slot cell

            if plan.AnyExclusive then
                siblings.Add(max 0 plan.GroupNode[group] >>> 2, firstSample + int64 slot) |> ignore

        while requests.Count &&& 7 <> 0 do
            ask 0 plan.EmptyCell

        values.Reserve(4 * requests.Count)

        SampleCodesKernels.cells
            key
            (c1 stream Purpose.Firing)
            (c1 stream Purpose.Magnitude)
            rank
            cellAddress.Ptr
            cellFactor.Ptr
            requests.Block
            requests.Row
            requests.Count
            values.Ptr

        siblings.Draw(key, c1 stream Purpose.Sibling)

    /// Where the survivor stands among the active lanes of an exclusive group.
    let survivorLane group (first: int) (last: int) (activeLanes: int) (word: uint32) =
        let rank = SampleCodes.survivor word activeLanes
        let items = values.Items

        if plan.GroupOrdered[group] then
            let mutable lane = first
            let mutable seen = if items[lane] > 0.0f then 1 else 0

            while seen <= rank do
                lane <- lane + 1

                if items[lane] > 0.0f then
                    seen <- seen + 1

            lane
        else
            let node lane =
                let cell = plan.GroupCell[group] + (lane - first) / 4
                forest.NodeOfFeature[4 * plan.CellBlock[cell] + (lane - first) % 4]

            seq { first .. last - 1 }
            |> Seq.filter (fun lane -> items[lane] > 0.0f)
            |> Seq.sortBy node
            |> Seq.item rank

    /// Active lanes among `first` … `last`−1, which are whole cells.
    let countActive (first: int) (last: int) =
        let mutable active = 0

        for lane in first..4 .. last - 1 do
            let cell = Vector128.Load(NativePtr.add values.Ptr lane)
            let positive = Vector128.GreaterThan(cell, Vector128<float32>.Zero)
            active <- active + BitOperations.PopCount(Vector128.ExtractMostSignificantBits positive)

        active

    /// Apply exclusion and scaling to one group of the level, and open the groups of its survivors.
    let resolve i first =
        let group = level.Group[i]
        let cells = plan.GroupCell[group]
        let last = first + 4 * (plan.GroupCell[group + 1] - cells)

        let inline keep lane =
            let offset = lane - first
            let feature = 4 * plan.CellBlock[cells + offset / 4] + (offset &&& 3)
            let current = values.Items[lane]
            let scaled = if plan.Scaled[feature] then current * level.Ratio[i] else current

            if scaled > 0.0f then
                activate level.Slot[i] feature scaled

        let node = plan.GroupNode[group]
        let activeLanes = countActive first last

        if node >= 0 && activeLanes > 1 then
            let word = NativePtr.get siblings.Words (4 * i + (node &&& 3))
            keep (survivorLane group first last activeLanes word)
        elif activeLanes > 0 then
            for lane in first .. last - 1 do
                if values.Items[lane] > 0.0f then
                    keep lane

        last

    /// Level after level, the groups that active features open.
    let descend stream =
        let swap () =
            let done' = level
            level <- nextLevel
            nextLevel <- done'
            nextLevel.Clear()

        swap ()

        while level.Count > 0 do
            drawCells stream
            let mutable lane = 0

            for i in 0 .. level.Count - 1 do
                lane <- resolve i lane

            swap ()

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

    /// Add the active features to the codes, sample by sample, each by ascending feature.
    let gather (rowCount: Span<int>) =
        Array.Clear slotEnd

        for i in 0 .. active - 1 do
            let slot = activeSlot.Items[i]
            slotEnd[slot + 1] <- slotEnd[slot + 1] + 1

        for slot in 0 .. samples - 1 do
            rowCount[slot] <- slotEnd[slot + 1]
            slotEnd[slot + 1] <- slotEnd[slot + 1] + slotEnd[slot]

        index.Reserve(count + active)
        value.Reserve(count + active)

        for i in 0 .. active - 1 do
            let slot = activeSlot.Items[i]
            let place = count + slotEnd[slot]
            index.Items[place] <- activeFeature.Items[i]
            value.Items[place] <- activeValue.Items[i]
            slotEnd[slot] <- slotEnd[slot] + 1

        for slot in 0 .. samples - 1 do
            sortRow count rowCount[slot]
            count <- count + rowCount[slot]

    /// Number of entries since `Clear`.
    member _.Count = count
    /// Features of the entries.
    member _.Index = index.Items
    /// Values of the entries.
    member _.Value = value.Items
    /// Forget all codes.
    member _.Clear() = count <- 0

    /// Draw samples first … first+rowCount.Length−1 (at most `Slots`), add their codes to the entries and
    /// put their numbers of entries into `rowCount`.
    member _.Draw(stream: Stream, first: int64, rowCount: Span<int>) =
        firstSample <- first
        samples <- rowCount.Length
        firing <- 0
        active <- 0
        nextLevel.Clear()
        drawFactor stream
        tryChunks stream
        drawMagnitudes stream

        for slot in 0 .. samples - 1 do
            for group in 0 .. plan.OpenGroups - 1 do
                nextLevel.Add(slot, group, 1.0f)

        descend stream
        gather rowCount
