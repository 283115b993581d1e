namespace SynthSae.Compute

/// The rows of files that are held out, in the order of the list.
[<Sealed>]
type HeldOutRows(rows: ActivationRows, split: RowSplit) =
    interface IBatches with
        member _.Dim = rows.Dim

        member _.Fill(first, x) =
            let mutable at = 0

            for run in RowSplit.heldOut split first x.Rows do
                rows.Read(run.First, run.Count, x, at)
                at <- at + run.Count
