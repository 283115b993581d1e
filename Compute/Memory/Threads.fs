namespace SynthSae.Compute

open System
open System.Runtime.ExceptionServices
open System.Threading
open System.Threading.Tasks

/// Fork-join over independent pieces of work.
module Threads =
    /// Run `body worker piece` for every piece in 0 … pieces−1 on at most `threads` workers. Pieces are
    /// handed out in order, one at a time; `worker` < `threads` numbers the scratch space a body may use.
    /// Where bodies raise, one of their exceptions reaches the caller.
    let iter (threads: int) (pieces: int) (body: int -> int -> unit) =
        let workers = min threads pieces

        if workers <= 1 then
            for piece in 0 .. pieces - 1 do
                body 0 piece
        else
            let started = [| -1 |]

            let work worker =
                let mutable piece = Interlocked.Increment(&started[0])

                while piece < pieces do
                    body worker piece
                    piece <- Interlocked.Increment(&started[0])

            let options = ParallelOptions(MaxDegreeOfParallelism = workers)

            try
                Parallel.For(0, workers, options, work) |> ignore
            with :? AggregateException as errors ->
                // What a body raises reaches the caller as it would from one thread.
                ExceptionDispatchInfo.Throw errors.InnerExceptions[0]

    /// Run `body worker first last` over 0 … count−1 cut into ranges [first, last) of at most `grain`.
    let ranges (threads: int) (count: int) (grain: int) (body: int -> int -> int -> unit) =
        let pieces = (count + grain - 1) / grain

        iter threads pieces (fun worker piece ->
            body worker (piece * grain) (min count ((piece + 1) * grain)))
