namespace SynthSae.Bench

open System
open System.Diagnostics

/// Timing by the clock. Machines are noisy: what is reported is a median, with the spread beside it.
module Measure =
    /// Seconds of one call.
    let once (work: unit -> unit) =
        let start = Stopwatch.GetTimestamp()
        work ()
        Stopwatch.GetElapsedTime(start).TotalSeconds

    /// Seconds of each of `repeats` calls after one that is not counted, ascending.
    let repeated repeats work =
        work ()
        Array.init repeats (fun _ -> once work) |> Array.sort

    /// The middle of ascending values.
    let median (ascending: float[]) = ascending[ascending.Length / 2]

    /// Bytes that are alive after full collections.
    let liveBytes () =
        for _ in 1..2 do
            GC.Collect(2, GCCollectionMode.Forced, true, true)
            GC.WaitForPendingFinalizers()

        GC.GetTotalMemory true
