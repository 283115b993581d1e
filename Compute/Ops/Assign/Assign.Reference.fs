namespace SynthSae.Compute.Ops

open SynthSae.Compute

/// Successive shortest augmenting paths with prices (Hungarian method after Jonker and Volgenant,
/// "A shortest augmenting path algorithm for dense and sparse linear assignment problems", 1987).
module AssignReference =
    /// Shortest path by slack u + v − w from a free row to a free column, and the prices and matching
    /// that follow from it.
    let private augment (w: Matrix) (u: float[]) (v: float[]) (column: int[]) (owner: int[]) root =
        let distance = Array.create w.Cols infinity
        let from = Array.create w.Cols -1
        let settled = Array.create w.Cols false
        let mutable row = root
        let mutable reached = 0.0
        let mutable target = -1

        while target < 0 do
            let mutable nearest = -1

            for c in 0 .. w.Cols - 1 do
                if not settled[c] then
                    let through = reached + (u[row] + v[c] - float w[row, c])

                    if through < distance[c] then
                        distance[c] <- through
                        from[c] <- row

                    if nearest < 0 || distance[c] < distance[nearest] then
                        nearest <- c

            reached <- distance[nearest]

            if owner[nearest] < 0 then
                target <- nearest
            else
                settled[nearest] <- true
                row <- owner[nearest]

        u[root] <- u[root] - reached

        for c in 0 .. w.Cols - 1 do
            if settled[c] then
                u[owner[c]] <- u[owner[c]] - (reached - distance[c])
                v[c] <- v[c] + (reached - distance[c])

        while target >= 0 do
            let row = from[target]
            let next = column[row]
            owner[target] <- row
            column[row] <- target
            target <- if row = root then -1 else next

    /// The heaviest assignment; looks at whole rows only.
    let solve (weights: Weights) : Assignment =
        Assign.check weights
        let w = weights.Rows [| 0 .. weights.Candidates.Rows - 1 |]
        let u = Array.init w.Rows (fun row -> Seq.max (Seq.init w.Cols (fun c -> float w[row, c])))
        let v = Array.zeroCreate w.Cols
        let column = Array.create w.Rows -1
        let owner = Array.create w.Cols -1

        for row in 0 .. w.Rows - 1 do
            augment w u v column owner row

        { Column = column
          Total = Seq.sum (Seq.mapi (fun row c -> float w[row, c]) column)
          RowPrice = u
          ColumnPrice = v }
