namespace SynthSae.Bench

open System.Runtime.CompilerServices
open System.Runtime.Intrinsics
open SynthSae.Compute

/// The arithmetic that the machine can do at best: independent fused multiply-adds in registers.
module Peak =
    [<Literal>]
    let private Rounds = 20_000_000

    /// Twelve chains hide the latency of the units.
    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private spin () : float32 =
        let a = Vector512.Create 0.999f
        let mutable c0 = Vector512.Create 1.0f
        let mutable c1 = Vector512.Create 2.0f
        let mutable c2 = Vector512.Create 3.0f
        let mutable c3 = Vector512.Create 4.0f
        let mutable c4 = Vector512.Create 5.0f
        let mutable c5 = Vector512.Create 6.0f
        let mutable c6 = Vector512.Create 7.0f
        let mutable c7 = Vector512.Create 8.0f
        let mutable c8 = Vector512.Create 9.0f
        let mutable c9 = Vector512.Create 10.0f
        let mutable c10 = Vector512.Create 11.0f
        let mutable c11 = Vector512.Create 12.0f

        for _ in 1..Rounds do
            c0 <- Vector512.FusedMultiplyAdd(c0, a, a)
            c1 <- Vector512.FusedMultiplyAdd(c1, a, a)
            c2 <- Vector512.FusedMultiplyAdd(c2, a, a)
            c3 <- Vector512.FusedMultiplyAdd(c3, a, a)
            c4 <- Vector512.FusedMultiplyAdd(c4, a, a)
            c5 <- Vector512.FusedMultiplyAdd(c5, a, a)
            c6 <- Vector512.FusedMultiplyAdd(c6, a, a)
            c7 <- Vector512.FusedMultiplyAdd(c7, a, a)
            c8 <- Vector512.FusedMultiplyAdd(c8, a, a)
            c9 <- Vector512.FusedMultiplyAdd(c9, a, a)
            c10 <- Vector512.FusedMultiplyAdd(c10, a, a)
            c11 <- Vector512.FusedMultiplyAdd(c11, a, a)

        Vector512.Sum(c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11)

    /// FLOP of one call on `threads` threads.
    let flops threads =
        2.0 * 16.0 * 12.0 * float Rounds * float threads

    /// Float32 GFLOP/s on this many threads.
    let figure threads =
        let sums: float32[] = Array.zeroCreate threads

        Measure.repeated 5 (fun () ->
            Threads.iter threads threads (fun _ piece -> sums[piece] <- spin ()))
        |> Figure.rate "peak/float32" "GFLOP/s" (flops threads / 1e9)
