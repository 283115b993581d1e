namespace SynthSae.Compute

open SynthSae.Spec

/// Which of a list of rows are trained on, and which are held out to score on. The list is cut into 64 equal stretches,
/// and of each the last rows are held out: so these stand for the whole list, yet neighbours, which resemble each other
/// (tokens of one text), are seldom parted. The split depends on nothing but the two numbers, and of two splits of a
/// list the one with fewer rows held out holds out a part of the other's.
type RowSplit =
    {
        /// Rows of the list.
        Rows: int64
        /// Rows held out, at most as many.
        HeldOut: int64
    }

    /// Rows to train on.
    member split.Training = split.Rows - split.HeldOut

/// Neighbouring rows of a list.
[<Struct>]
type RowRun = { First: int64; Count: int }

module RowSplit =
    let private stretches = 64L

    /// Of `total` things that are dealt out evenly to the stretches, the number that those before `stretch` get.
    let private before (total: int64) (stretch: int64) =
        stretch * (total / stretches) + min stretch (total % stretches)

    /// Split a list of rows.
    let create (rows: int64) (heldOut: int64) : RowSplit =
        if heldOut < 0L || heldOut > rows then
            invalidArg (nameof heldOut) $"{heldOut} of {rows} rows cannot be held out"

        { Rows = rows; HeldOut = heldOut }

    /// The split of so many rows that a specification asks for. Raises `BadInput` if it leaves nothing to train on.
    let ofSpec (rows: int64) (heldOut: HeldOut) : RowSplit =
        let count, given =
            match heldOut with
            | HeldOut.Rows count -> int64 count, $"{count}"
            | HeldOut.Share share -> max 1L (int64 (share * float rows)), $"{share}"

        if count >= rows then
            let problem = $"leaves nothing of {rows} rows to train on (got {given})"
            raise (BadInput("activations.held_out", problem))

        create rows count

    /// The last stretch before whose things there are at most `number` others.
    let private stretchOf (before: int64 -> int64) number =
        let mutable stretch = stretches - 1L

        while before stretch > number do
            stretch <- stretch - 1L

        stretch

    /// Things first … first+count−1, of which a stretch has those from `before` on, the first of them at row `start`.
    let private runs (before: int64 -> int64) (start: int64 -> int64) first count : RowRun list =
        let rec collect number left =
            if left = 0 then
                []
            else
                let stretch = stretchOf before number
                let here = int (min (int64 left) (before (stretch + 1L) - number))

                let run =
                    { First = start stretch + number - before stretch
                      Count = here }

                run :: collect (number + int64 here) (left - here)

        collect first count

    /// Where rows first … first+count−1 of those to train on stand in the list.
    let training (split: RowSplit) (first: int64) (count: int) : RowRun list =
        runs
            (fun stretch -> before split.Rows stretch - before split.HeldOut stretch)
            (before split.Rows)
            first
            count

    /// Where rows first … first+count−1 of those held out stand in the list.
    let heldOut (split: RowSplit) (first: int64) (count: int) : RowRun list =
        let start stretch =
            let size = before split.HeldOut (stretch + 1L) - before split.HeldOut stretch
            before split.Rows (stretch + 1L) - size

        runs (before split.HeldOut) start first count
