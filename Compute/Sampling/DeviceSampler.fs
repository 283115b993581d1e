namespace SynthSae.Compute

open System
open System.Collections.Generic
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops

/// Draws samples of a world on a GPU, up to `rows` at a time: the same codes to the bit as everywhere. For one stream
/// of work at a time.
[<Sealed>]
type DeviceSampler(gpu: Gpu, world: World, rows: int) =
    let sampler = SampleCodesCuda.create gpu world rows
    // Where what the host wants is put down first.
    let mutable staged: DeviceCodes option = None

    let stage (stride: int) =
        let codes = DeviceCodes(gpu, world.NumFeatures, rows, stride)
        staged <- Some codes
        codes

    let stagedCodes () =
        staged |> Option.defaultWith (fun () -> stage (SampleCodesCuda.usualStride world))

    /// Draw samples into the staged codes; with more room where it does not suffice.
    let rec draw stream first count : DeviceCodes =
        let codes = stagedCodes ()
        sampler.Codes((stream: Stream), (first: int64), count, codes)

        match sampler.TakeOverflow() with
        | None -> codes
        | Some most ->
            staged <- None
            stage (min world.NumFeatures (2 * most)) |> ignore
            draw stream first count

    /// Put codes one after the other.
    let join (pieces: Codes seq) (target: Codes) =
        target.Reset(pieces |> Seq.sumBy _.Rows, pieces |> Seq.sumBy _.Count)
        let mutable row = 0
        let mutable entry = 0

        for piece in pieces do
            for i in 0 .. piece.Rows - 1 do
                target.RowStart[row + i] <- entry + piece.RowStart[i]

            Array.blit piece.Index 0 target.Index entry piece.Count
            Array.blit piece.Value 0 target.Value entry piece.Count
            row <- row + piece.Rows
            entry <- entry + piece.Count

        target.RowStart[row] <- entry

    /// What is sampled.
    member _.World = world

    /// Where.
    member _.Gpu = gpu

    /// The kernels, and what tells of samples that did not fit.
    member _.Ops = sampler

    /// Codes with room for what a sample may have.
    member _.CreateCodes() =
        DeviceCodes(gpu, world.NumFeatures, rows, SampleCodesCuda.stride world rows)

    /// True feature activations (count, N) of samples first … first+count−1 of a stream (`Stream.Id`), whose first number
    /// is read when the work is done. `Ops.Check` tells whether they fitted.
    member _.Codes(stream: uint32, first: DeviceScalar<int64>, count: int, codes: DeviceCodes) =
        sampler.Codes(stream, first, count, codes)

    /// The same on the host.
    member _.Codes(stream: Stream, first: int64, count: int, codes: Codes) =
        SampleCodes.check world first count codes
        let pieces = List<Codes>()

        for start in 0..rows .. count - 1 do
            let length = min rows (count - start)
            let piece = Codes world.NumFeatures
            (draw stream (first + int64 start) length).ToCodes(length, piece)
            pieces.Add piece

        join pieces codes
