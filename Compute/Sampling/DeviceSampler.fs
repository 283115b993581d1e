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
    let dictionary = DeviceMatrix.ofMatrix gpu world.Dictionary
    let bias = DeviceArray.ofArray gpu world.Bias
    // Where what the host wants is put down first.
    let mutable staged: DeviceCodes option = None
    let stagedX = lazy DeviceMatrix(gpu, rows, world.HiddenDim)

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

    /// Draw for the host, piece by piece; `consume codes start length` does more with a piece.
    let inPieces stream first count codes consume =
        let pieces = List<Codes>()

        for start in 0..rows .. count - 1 do
            let length = min rows (count - start)
            let drawn = draw stream (first + int64 start) length
            let piece = Codes world.NumFeatures
            drawn.ToCodes(length, piece)
            pieces.Add piece
            consume drawn start length

        join pieces codes

    /// What is sampled.
    member _.World = world

    /// Where.
    member _.Gpu = gpu

    /// V (N, D).
    member _.Dictionary = dictionary

    /// (D).
    member _.Bias = bias

    /// The kernels, and what tells of samples that did not fit.
    member _.Ops = sampler

    /// Codes with room for what a sample may have.
    member _.CreateCodes() =
        DeviceCodes(gpu, world.NumFeatures, rows, SampleCodesCuda.stride world rows)

    /// True feature activations (count, N) of samples first … first+count−1 of a stream (`Stream.Id`), whose first number
    /// is read when the work is done. `Ops.Check` tells whether they fitted.
    member _.Codes(stream: uint32, first: DeviceScalar<int64>, count: int, codes: DeviceCodes) =
        sampler.Codes(stream, first, count, codes)

    /// The same with the activations x (B, D) = codes·V + bias of B samples.
    member _.Sample
        (stream: uint32, first: DeviceScalar<int64>, codes: DeviceCodes, x: DeviceMatrix)
        =
        sampler.Codes(stream, first, x.Rows, codes)
        DecodeCodesCuda.run gpu codes dictionary bias x

    /// True feature activations on the host.
    member _.Codes(stream: Stream, first: int64, count: int, codes: Codes) =
        SampleCodes.check world first count codes
        inPieces stream first count codes (fun _ _ _ -> ())

    /// True feature activations and x on the host.
    member _.Sample(stream: Stream, first: int64, codes: Codes, x: Matrix) =
        SampleCodes.check world first x.Rows codes

        if x.Cols <> world.HiddenDim then
            invalidArg (nameof x) $"x of width {x.Cols} for activations in R^{world.HiddenDim}"

        inPieces stream first x.Rows codes (fun drawn start length ->
            let piece = stagedX.Value.Top length
            DecodeCodesCuda.run gpu drawn dictionary bias piece
            let target = x.Span.Slice(start * x.Cols, length * x.Cols)
            piece.Elements.Download(target, 0L))
