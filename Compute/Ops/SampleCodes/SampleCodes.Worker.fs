namespace SynthSae.Compute.Ops

open System
open System.Numerics
open System.Runtime.Intrinsics
open FSharp.NativeInterop
open SynthSae.Compute

/// A group that an active feature has opened in a sample.
[<Struct>]
type internal Opened =
    {
        Slot: int
        Group: int
        /// What scaled children are multiplied by.
        Ratio: float32
    }

/// Draws up to `ChunkKernels.Slots` samples at a time, on one thread, and gathers their codes.
[<Sealed>]
type internal SampleWorker(plan: SamplerPlan, path: SamplingPath) =
    let world = plan.World
    let rank = world.Rank
    let key = world.Seed
    let slots = ChunkKernels.Slots

    let mutable stream = Stream.Training
    let mutable firstSample = 0L
    let mutable samples = 0

    // What the always-tried features need.
    let factor = Matrix(max 1 rank, slots)
    let pass = ChunkPass(key, factor)
    let candidates = Pinned<Candidate> 4096
    let mutable firing = 0
    let firingSlot = Pinned<int> 1024
    let firingLane = Pinned<int> 1024

    // Draws in bulk.
    let requests = Requests()
    let siblings = Requests()
    let words = Pinned<uint32> 4096

    // One level of the descent: its groups, and their cells with the factor of the sample and the values.
    let mutable level = Pinned<Opened> 1024
    let mutable levelCount = 0
    let mutable nextLevel = Pinned<Opened> 1024
    let mutable nextCount = 0
    let cellAddress = Pinned<nativeint> 1024
    let factorAddress = Pinned<nativeint> 1024
    let values = Pinned<float32> 4096

    // Active features of the present samples, and the codes of all that were drawn.
    let active = Pinned<Active> 4096
    let mutable activeCount = 0
    let codes = GatheredCodes slots

    let counter (purpose: Purpose) = (Draw.counter stream purpose 0L 0).W1

    let sample (slot: int) = firstSample + int64 slot

    /// ε of each sample, (R, Slots).
    let drawFactor () =
        let blocks = (rank + 3) / 4
        requests.Reserve(blocks * samples)

        for block in 0 .. blocks - 1 do
            for slot in 0 .. samples - 1 do
                requests.Set(block * samples + slot, block, sample slot)

        requests.Draw(key, counter Purpose.Factor, blocks * samples)
        CellKernels.normals requests.Words (4 * blocks * samples)

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

        CellKernels.normals words.Ptr found
        firingSlot.Reserve(firing + found)
        firingLane.Reserve(firing + found)

        for i in 0 .. found - 1 do
            let candidate = candidates.Items[i]
            let tried = &plan.Always[candidate.Lane]
            let noise = BitConverter.UInt32BitsToSingle words.Items[i]

            if
                candidate.Slot < samples
                && SampleCodes.fires tried.Sd noise candidate.Mean tried.Threshold
            then
                firingSlot.Items[firing] <- candidate.Slot
                firingLane.Items[firing] <- candidate.Lane
                firing <- firing + 1

    /// Find the always-tried features that fire.
    let tryChunks () =
        pass.Begin(counter Purpose.Firing, firstSample)
        let mostPerChunk = slots * SamplerPlan.ChunkLanes
        let mutable found = 0

        for chunk in 0 .. plan.Chunks - 1 do
            for slot in 0 .. ChunkKernels.Together .. samples - 1 do
                found <- pass.Try(plan, path, chunk, slot, candidates.Ptr, found)

            if found > candidates.Items.Length - mostPerChunk then
                accept found
                found <- 0

        accept found

    /// Note an active feature and open the groups that it gates.
    let activate slot feature (current: float32) mean firstGroup endGroup =
        active.Reserve(activeCount + 1)

        active.Items[activeCount] <- { Slot = slot; Feature = feature; Value = current }

        activeCount <- activeCount + 1

        if endGroup > firstGroup then
            let ratio = SampleCodes.ratio current mean
            nextLevel.Reserve(nextCount + endGroup - firstGroup)

            for group in firstGroup .. endGroup - 1 do
                nextLevel.Items[nextCount] <- { Slot = slot; Group = group; Ratio = ratio }

                nextCount <- nextCount + 1

    /// Magnitudes of the always-tried features that fire.
    let drawMagnitudes () =
        requests.Reserve firing

        for i in 0 .. firing - 1 do
            let feature = plan.Always[firingLane.Items[i]].Feature
            requests.Set(i, feature >>> 2, sample firingSlot.Items[i])

        requests.Draw(key, counter Purpose.Magnitude, firing)
        words.Reserve(firing + 16)

        for i in 0 .. firing - 1 do
            let feature = plan.Always[firingLane.Items[i]].Feature
            words.Items[i] <- NativePtr.get requests.Words (4 * i + (feature &&& 3))

        CellKernels.normals words.Ptr firing

        for i in 0 .. firing - 1 do
            let tried = &plan.Always[firingLane.Items[i]]
            let noise = BitConverter.UInt32BitsToSingle words.Items[i]
            let current = SampleCodes.magnitude tried.MeanMagnitude tried.StdMagnitude noise

            if current > 0.0f then
                activate
                    firingSlot.Items[i]
                    tried.Feature
                    current
                    tried.MeanMagnitude
                    tried.FirstGroup
                    tried.EndGroup

    let askCell i slot cell =
        requests.Set(i, plan.CellBlock[cell], sample slot)
        cellAddress.Items[i] <- NativePtr.toNativeInt (plan.Cell cell)
        factorAddress.Items[i] <- NativePtr.toNativeInt factor.Ptr + nativeint (4 * slot)

    /// Number of cells in the level's groups, rounded up to whole vectors.
    let countCells () =
        let mutable cells = 0

        for i in 0 .. levelCount - 1 do
            let group = level.Items[i].Group
            cells <- cells + plan.GroupCell[group + 1] - plan.GroupCell[group]

        (cells + 7) &&& ~~~7

    /// Values before the hierarchy of all cells of the level's groups, and the groups' sibling words.
    let drawCells () =
        let cells = countCells ()
        requests.Reserve cells
        cellAddress.Reserve cells
        factorAddress.Reserve cells
        values.Reserve(4 * cells)
        siblings.Reserve levelCount
        let mutable next = 0

        for i in 0 .. levelCount - 1 do
            let opened = level.Items[i]
            siblings.Set(i, max 0 plan.GroupNode[opened.Group] >>> 2, sample opened.Slot)

            for cell in plan.GroupCell[opened.Group] .. plan.GroupCell[opened.Group + 1] - 1 do
                askCell next opened.Slot cell
                next <- next + 1

        for i in next .. cells - 1 do
            askCell i 0 plan.EmptyCell

        CellKernels.cells
            key
            (counter Purpose.Firing)
            (counter Purpose.Magnitude)
            rank
            cellAddress.Ptr
            factorAddress.Ptr
            requests.Block
            requests.Row
            cells
            values.Ptr

        if plan.AnyExclusive then
            siblings.Draw(key, counter Purpose.Sibling, levelCount)

    /// Which lanes of a cell have values > 0, as bits.
    let activeLanes request =
        let cell = Vector128.Load(NativePtr.add values.Ptr (4 * request))
        let positive = Vector128.GreaterThan(cell, Vector128<float32>.Zero)
        int (Vector128.ExtractMostSignificantBits positive)

    /// Scale a survivor, and activate it.
    let keep (opened: inref<Opened>) request lane =
        let cell: nativeptr<float32> = NativePtr.ofNativeInt cellAddress.Items[request]

        let int place =
            NativePtr.get cell place |> BitConverter.SingleToInt32Bits

        let current = values.Items[4 * request + lane]

        let current =
            if (int Cell.Scaled >>> lane) &&& 1 <> 0 then current * opened.Ratio else current

        if current > 0.0f then
            activate
                opened.Slot
                (4 * int Cell.Block + lane)
                current
                (NativePtr.get cell (Cell.Mean + lane))
                (int (Cell.FirstGroup + lane))
                (int (Cell.EndGroup + lane))

    /// Keep every active child of a group whose cells are the requests first … last−1.
    let keepAll (opened: inref<Opened>) first last =
        for request in first .. last - 1 do
            let mutable lanes = activeLanes request

            while lanes <> 0 do
                keep &opened request (BitOperations.TrailingZeroCount lanes)
                lanes <- lanes &&& (lanes - 1)

    /// The active child of a group with a given rank in node order, as (request, lane).
    let survivor group first last rank : struct (int * int) =
        let nodeOf (struct (request, lane): struct (int * int)) =
            let cell: nativeptr<float32> = NativePtr.ofNativeInt cellAddress.Items[request]
            let block = NativePtr.get cell Cell.Block |> BitConverter.SingleToInt32Bits
            world.Forest.NodeOfFeature[4 * block + lane]

        let active =
            [| for request in first .. last - 1 do
                   for lane in 0..3 do
                       if (activeLanes request >>> lane) &&& 1 <> 0 then
                           struct (request, lane) |]

        if plan.GroupOrdered[group] then active[rank] else (Array.sortBy nodeOf active)[rank]

    /// Keep one active child of a group with exclusive children, if there is one.
    let keepOne (opened: inref<Opened>) word first last =
        if last = first + 1 && plan.GroupOrdered[opened.Group] then
            let lanes = activeLanes first

            if lanes <> 0 then
                let rank = SampleCodes.survivor word (BitOperations.PopCount(uint lanes))
                let mutable lanes = lanes

                for _ in 1..rank do
                    lanes <- lanes &&& (lanes - 1)

                keep &opened first (BitOperations.TrailingZeroCount lanes)
        else
            let mutable found = 0

            for request in first .. last - 1 do
                found <- found + BitOperations.PopCount(uint (activeLanes request))

            if found > 0 then
                let struct (request, lane) =
                    survivor opened.Group first last (SampleCodes.survivor word found)

                keep &opened request lane

    /// Level after level, the groups that active features open.
    let descend () =
        let swap () =
            let finished = level
            level <- nextLevel
            levelCount <- nextCount
            nextLevel <- finished
            nextCount <- 0

        swap ()

        while levelCount > 0 do
            drawCells ()
            let mutable request = 0

            for i in 0 .. levelCount - 1 do
                let opened = &level.Items[i]
                let node = plan.GroupNode[opened.Group]
                let last = request + plan.GroupCell[opened.Group + 1] - plan.GroupCell[opened.Group]

                if node < 0 then
                    keepAll &opened request last
                else
                    keepOne
                        &opened
                        (NativePtr.get siblings.Words (4 * i + (node &&& 3)))
                        request
                        last

                request <- last

            swap ()

    let openFirstGroups () =
        nextLevel.Reserve(nextCount + samples * plan.OpenGroups)

        for slot in 0 .. samples - 1 do
            for group in 0 .. plan.OpenGroups - 1 do
                nextLevel.Items[nextCount] <- { Slot = slot; Group = group; Ratio = 1.0f }

                nextCount <- nextCount + 1

    /// Codes of the samples drawn since they were cleared.
    member _.Codes = codes

    /// Draw samples first … first+rowCount.Length−1 (at most `Slots`), add them to `Codes` and put
    /// their numbers of entries into `rowCount`.
    member _.Draw(newStream: Stream, first: int64, rowCount: Span<int>) =
        stream <- newStream
        firstSample <- first
        samples <- rowCount.Length
        firing <- 0
        activeCount <- 0
        nextCount <- 0
        drawFactor ()
        tryChunks ()
        drawMagnitudes ()
        openFirstGroups ()
        descend ()
        codes.Add(active, activeCount, rowCount)
