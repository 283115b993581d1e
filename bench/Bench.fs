module SynthSae.Bench.Bench

open System.Diagnostics

/// Seconds that one call of `work` takes.
let seconds (work: unit -> unit) =
    let start = Stopwatch.GetTimestamp()
    work ()
    Stopwatch.GetElapsedTime(start).TotalSeconds
