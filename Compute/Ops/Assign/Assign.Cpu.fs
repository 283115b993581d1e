namespace SynthSae.Compute.Ops

open System
open System.Collections.Generic
open System.Numerics
open SynthSae.Compute

/// The same method on sorted lists. A row is scanned only while its entries can matter, since w itself
/// bounds w − v. The end of a list waits in the queue at the distance that unlisted entries have at least: only
/// when the search gets there is the list made longer. So u_r ≥ (last listed weight) always holds.
module AssignCpu =
    /// A sorted prefix of one row.
    [<Struct>]
    type private Prefix =
        { Index: int[]
          Weight: float32[]
          First: int
          Count: int }

        member prefix.Last = float prefix.Weight[prefix.First + prefix.Count - 1]

    /// Whole rows held at a time: 64 MB.
    let private fetchElements = 1 <<< 24

    /// Weights are binned by this many upper bits of theirs (sign, exponent, seven of the mantissa).
    let private binShift = 16

    /// The prefix of a whole row with at least `count` entries: all that fall in the same bins or higher ones.
    let private prefixOf (row: ReadOnlySpan<float32>) count =
        let bins = Array.zeroCreate<int>(1 <<< 15)

        for weight in row do
            let bin = BitConverter.SingleToInt32Bits weight >>> binShift
            bins[bin] <- bins[bin] + 1

        let mutable bin = bins.Length - 1
        let mutable found = bins[bin]

        while found < count do
            bin <- bin - 1
            found <- found + bins[bin]

        // Sorted by descending weight, then ascending column.
        let keys = Array.zeroCreate<uint64> found
        let mutable next = 0

        for column in 0 .. row.Length - 1 do
            let bits = BitConverter.SingleToUInt32Bits row[column]

            if int (bits >>> binShift) >= bin then
                keys[next] <- (uint64 ~~~bits <<< 32) ||| uint64 column
                next <- next + 1

        Array.Sort keys

        { Index = keys |> Array.map (fun key -> int (uint32 key))
          Weight =
            keys |> Array.map (fun key -> BitConverter.UInt32BitsToSingle ~~~(uint32 (key >>> 32)))
          First = 0
          Count = found }

    [<Sealed>]
    type private Solver(weights: Weights) =
        let candidates = weights.Candidates
        let rows = candidates.Rows
        let cols = candidates.Cols

        let prefixes =
            Array.init rows (fun row ->
                { Index = candidates.Index
                  Weight = candidates.Weight
                  First = row * candidates.Count
                  Count = candidates.Count })

        let u = Array.init rows (fun row -> float candidates.Weight[row * candidates.Count])
        let v: float[] = Array.zeroCreate cols
        let column = Array.create rows -1
        let owner = Array.create cols -1

        // Of one search.
        let distance = Array.create cols infinity
        let from = Array.create cols -1
        let settled = Array.create cols false
        let rowDistance: float[] = Array.zeroCreate rows
        let scanned: int[] = Array.zeroCreate rows
        let touched = List<int>()
        let queue = PriorityQueue<int, float>()
        let mutable nearest = infinity
        let mutable target = -1
        let mutable fetches = 8

        let isWhole row = prefixes[row].Count = cols

        /// Make the lists longer of the row that asks and of those that seem next to ask.
        let lengthen row =
            let room = max 1 (fetchElements / cols)

            let others =
                [| for other in 0 .. rows - 1 do
                       if
                           other <> row
                           && not (isWhole other)
                           && prefixes[other].Count <= prefixes[row].Count
                       then
                           other |]
                |> Array.sortBy (fun other -> u[other] - prefixes[other].Last)
                |> Array.truncate (min fetches room - 1)

            fetches <- min (2 * fetches) rows
            let chosen = Array.append [| row |] others
            let whole = weights.Rows chosen

            for i in 0 .. chosen.Length - 1 do
                let count = min cols (4 * prefixes[chosen[i]].Count)
                prefixes[chosen[i]] <- prefixOf (Span.op_Implicit (whole.Row i)) count

        let take row c =
            owner[c] <- row
            column[row] <- c

        /// Let a free row outbid the owner of its best column, up to where its second best is as good.
        /// Returns the row that lost its column, −1 if none; the row stays free when two are equally good and owned.
        let bid row =
            let prefix = prefixes[row]
            let mutable best = -1
            let mutable second = -1
            let mutable first = -infinity
            let mutable limit = -infinity
            let mutable k = 0

            while k < prefix.Count && float prefix.Weight[prefix.First + k] > limit do
                let c = prefix.Index[prefix.First + k]
                let net = float prefix.Weight[prefix.First + k] - v[c]

                if net > first then
                    limit <- first
                    second <- best
                    first <- net
                    best <- c
                elif net > limit then
                    limit <- net
                    second <- c

                k <- k + 1

            if k = prefix.Count && not (isWhole row) && prefix.Last > limit then
                limit <- prefix.Last
                second <- -1

            if first < limit then
                -1
            else
                let limit = if limit = -infinity then first else limit

                if owner[best] < 0 || first > limit then
                    let loser = owner[best]
                    u[row] <- limit
                    v[best] <- v[best] + (first - limit)
                    take row best

                    if loser >= 0 then
                        column[loser] <- -1

                    loser
                else
                    u[row] <- first

                    if second >= 0 && owner[second] < 0 then
                        take row second

                    -1

        /// Look at a row's entries from where the last look ended, while they are nearer than a known free column.
        let scan row =
            let prefix = prefixes[row]
            let start = rowDistance[row] + u[row]
            let mutable k = scanned[row]

            while k < prefix.Count && start - float prefix.Weight[prefix.First + k] < nearest do
                let c = prefix.Index[prefix.First + k]
                let through = start - float prefix.Weight[prefix.First + k] + v[c]

                if through < distance[c] && not settled[c] then
                    if Double.IsPositiveInfinity distance[c] then
                        touched.Add c

                    distance[c] <- through
                    from[c] <- row

                    if owner[c] >= 0 then
                        queue.Enqueue(c, through)
                    elif through < nearest then
                        nearest <- through
                        target <- c

                k <- k + 1

            scanned[row] <- k

            if k = prefix.Count && not (isWhole row) then
                queue.Enqueue(~~~row, start - prefix.Last)

        let reach row at =
            rowDistance[row] <- at
            scanned[row] <- 0
            scan row

        /// Find the free column nearest to a free row.
        let search root =
            nearest <- infinity
            target <- -1
            queue.Clear()
            reach root 0.0
            let mutable next = 0
            let mutable at = 0.0

            while queue.TryDequeue(&next, &at) && at < nearest do
                if next < 0 then
                    let row = ~~~next

                    if scanned[row] = prefixes[row].Count then
                        lengthen row

                    scan row
                elif not settled[next] then
                    settled[next] <- true
                    reach owner[next] at

        /// Move the prices of all that was reached, and match along the path.
        let augment root =
            search root
            u[root] <- u[root] - nearest

            for c in touched do
                if settled[c] then
                    u[owner[c]] <- u[owner[c]] - (nearest - distance[c])
                    v[c] <- v[c] + (nearest - distance[c])

                distance[c] <- infinity
                settled[c] <- false

            touched.Clear()

            while target >= 0 do
                let row = from[target]
                let next = column[row]
                take row target
                target <- if row = root then -1 else next

        let total () =
            let mutable sum = 0.0

            for row in 0 .. rows - 1 do
                let prefix = prefixes[row]
                let place = Array.IndexOf(prefix.Index, column[row], prefix.First, prefix.Count)

                // An unlisted column went to a row of price 0, so its weight is 0.
                if place >= 0 then
                    sum <- sum + float prefix.Weight[place]

            sum

        member _.Solve() : Assignment =
            // Bidding settles almost all rows; it need not end where there are ties.
            let mutable bids = 8 * rows

            for row in 0 .. rows - 1 do
                let mutable next = row

                while next >= 0 && bids > 0 do
                    bids <- bids - 1
                    next <- bid next

            for row in 0 .. rows - 1 do
                if column[row] < 0 && u[row] > 0.0 then
                    augment row

            // What is left is worth 0 wherever it goes.
            let mutable free = 0

            for row in 0 .. rows - 1 do
                if column[row] < 0 then
                    while owner[free] >= 0 do
                        free <- free + 1

                    take row free

            { Column = column
              Total = total ()
              RowPrice = u
              ColumnPrice = v }

    /// The heaviest assignment.
    let solve (weights: Weights) : Assignment =
        Assign.check weights
        let assignment = Solver(weights).Solve()

        if abs (Assign.gap assignment) > 1e-9 * float (1 + assignment.Column.Length) then
            failwith $"the assignment misses its bound by {Assign.gap assignment}"

        assignment
