namespace SynthSae.Bench

open System
open SynthSae.Compute
open SynthSae.Compute.Cuda

/// Inputs of cases in a GPU's memory.
module DeviceInputs =
    /// Codes, with room for so many entries in each row.
    let codes gpu stride (source: Codes) =
        let codes = DeviceCodes(gpu, source.Width, source.Rows, stride)
        codes.OfCodes source
        codes

    /// Room for the longest row, and a little more.
    let roomFor (source: Codes) =
        let counts =
            Array.init source.Rows (fun row -> source.RowStart[row + 1] - source.RowStart[row])

        3 + Array.fold max 0 counts

    /// The places of entries in by-entry arrays, in the order of the codes.
    let places stride (codes: Codes) =
        [| for row in 0 .. codes.Rows - 1 do
               for i in 0 .. codes.RowStart[row + 1] - codes.RowStart[row] - 1 do
                   yield row * stride + i |]

    /// Numbers in the order of the codes as a by-entry array; absent if there are none.
    let byEntry gpu stride (codes: Codes) (values: float32[]) =
        if values.Length = 0 then
            new DeviceArray<float32>(gpu, 0)
        else
            // What lies between the entries must not be read.
            let all = Array.create (codes.Rows * stride) nanf
            places stride codes |> Array.iteri (fun i place -> all[place] <- values[i])
            DeviceArray.ofArray gpu all

    /// A by-entry array in the order of the codes.
    let ofEntries stride (codes: Codes) (values: DeviceArray<float32>) =
        let all = values.Download()
        places stride codes |> Array.map (Array.get all)

    /// The lists of codes with this room for entries in each row.
    let lists gpu stride (codes: Codes) =
        let entries =
            [| for row in 0 .. codes.Rows - 1 do
                   for i in 0 .. codes.RowStart[row + 1] - codes.RowStart[row] - 1 do
                       yield struct (codes.Index[codes.RowStart[row] + i], row, row * stride + i) |]

        let sorted = Array.sort entries
        let start = Array.zeroCreate (codes.Width + 1)

        for struct (latent, _, _) in sorted do
            start[latent + 1] <- start[latent + 1] + 1

        for latent in 1 .. codes.Width do
            start[latent] <- start[latent] + start[latent - 1]

        let lists = DeviceLists(gpu, codes.Width, int64 (max 1 entries.Length))
        lists.Start.Upload start
        lists.Sample.Upload(sorted |> Array.map (fun (struct (_, row, _)) -> row))
        lists.Entry.Upload(sorted |> Array.map (fun (struct (_, _, place)) -> uint32 place))
        lists

    /// Codes whose first entries are the more frequent the smaller their index, as latents of a trained SAE are.
    let skewed (seed: int) width rows count =
        let random = Random seed
        let codes = Codes width
        codes.Reset(rows, rows * count)
        codes.RowStart[0] <- 0

        for row in 0 .. rows - 1 do
            let taken = Collections.Generic.SortedSet<int>()

            while taken.Count < count do
                taken.Add(int (float width * Math.Pow(random.NextDouble(), 2.5))) |> ignore

            codes.RowStart[row + 1] <- codes.RowStart[row] + count
            taken.CopyTo(codes.Index, codes.RowStart[row])

            for i in codes.RowStart[row] .. codes.RowStart[row + 1] - 1 do
                codes.Value[i] <- 0.1f + float32 (random.NextDouble())

        codes
