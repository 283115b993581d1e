namespace SynthSae.Compute

open System
open System.Threading.Tasks

/// A part of an epoch in memory.
type private Window =
    {
        Epoch: int64
        Number: int
        /// Position of its first row in the epoch.
        First: int64
        /// Its rows, block after block.
        Rows: Matrix
        /// Which of them comes first, second, …
        Order: int[]
    }

/// The rows of files that are trained on, in an order that is shuffled anew in every epoch (`Shuffle`): sample s is a pure
/// function of (files, split, shuffle, s). The window in use is in memory, and the next one is read meanwhile: two
/// matrices of `WindowRows` × D, or one where it holds all rows.
[<Sealed>]
type ShuffledRows(threads: int, rows: ActivationRows, split: RowSplit, shuffle: Shuffle) =
    do
        if shuffle.Rows <> split.Training then
            invalidArg (nameof shuffle) $"{shuffle.Rows} rows, but {split.Training} to train on"

    let oneForAll = shuffle.Windows = 1
    let mutable order = Shuffle.epoch shuffle 0L
    let mutable current: Window option = None
    let mutable next: (struct (int64 * int) * Task<Window>) option = None
    let mutable spare: Matrix option = None

    let orderOf epoch =
        if order.Epoch = epoch then order else Shuffle.epoch shuffle epoch

    let readBlock (target: Matrix) (first: int) block =
        let start = int64 block * int64 shuffle.BlockRows
        let mutable at = first

        for run in RowSplit.training split start (Shuffle.blockRows shuffle block) do
            rows.Read(run.First, run.Count, target, at)
            at <- at + run.Count

    let load (order: EpochOrder) window (target: Matrix) (isRead: bool) : Window =
        let struct (firstTurn, lastTurn) = Shuffle.turns shuffle window
        let first = Shuffle.rowsBefore shuffle order firstTurn
        let count = int (Shuffle.rowsBefore shuffle order lastTurn - first)

        if not isRead then
            Threads.iter threads (lastTurn - firstTurn) (fun _ i ->
                let turn = firstTurn + i
                let at = int (Shuffle.rowsBefore shuffle order turn - first)
                readBlock target at order.Block[turn])

        { Epoch = order.Epoch
          Number = window
          First = first
          Rows = target
          Order = Shuffle.windowOrder shuffle order.Epoch window count }

    let buffer () =
        match spare with
        | Some matrix ->
            spare <- None
            matrix
        | None -> Matrix(shuffle.WindowRows, rows.Dim)

    /// Wait for what is being read, whether it can be or not; its buffer is free then.
    let abandon () =
        match next with
        | Some(_, task) ->
            next <- None
            (task :> IAsyncResult).AsyncWaitHandle.WaitOne() |> ignore

            if task.IsCompletedSuccessfully then
                spare <- Some task.Result.Rows
        | None -> ()

    let readAhead (window: Window) =
        if not oneForAll then
            let epoch, number =
                if window.Number + 1 < shuffle.Windows then
                    window.Epoch, window.Number + 1
                else
                    window.Epoch + 1L, 0

            let target = buffer ()
            let order = orderOf epoch
            let task = Task.Run(fun () -> load order number target false)
            next <- Some(struct (epoch, number), task)

    let replace (order: EpochOrder) number =
        let made =
            match current, next with
            | Some window, _ when oneForAll -> load order number window.Rows true
            | _, Some(struct (epoch, window), task) when epoch = order.Epoch && window = number ->
                next <- None
                task.GetAwaiter().GetResult()
            | _ ->
                abandon ()
                load order number (buffer ()) false

        if not oneForAll then
            current |> Option.iter (fun window -> spare <- Some window.Rows)

        current <- Some made
        readAhead made
        made

    /// The window that holds a position of an epoch.
    let window epoch position =
        match current with
        | Some window when
            window.Epoch = epoch
            && window.First <= position
            && position < window.First + window.Order.LongLength
            ->
            window
        | _ ->
            order <- orderOf epoch
            replace order (Shuffle.windowOf shuffle order position)

    interface IBatches with
        member _.Dim = rows.Dim

        member _.Fill(first, x) =
            let mutable row = 0

            while row < x.Rows do
                let sample = first + int64 row
                let position = sample % shuffle.Rows
                let window = window (sample / shuffle.Rows) position
                let start = int (position - window.First)
                let count = min (x.Rows - row) (window.Order.Length - start)

                for i in 0 .. count - 1 do
                    window.Rows.Row(window.Order[start + i]).CopyTo(x.Row(row + i))

                row <- row + count

    interface IDisposable with
        member _.Dispose() = abandon ()
