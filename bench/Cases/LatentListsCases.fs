namespace SynthSae.Bench

open System
open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops

module LatentListsCases =
    let private compare (codes: Codes) stride (lists: DeviceLists) =
        let expected = LatentLists()
        expected.Fill codes

        let rowOf =
            [| for row in 0 .. codes.Rows - 1 do
                   for _ in codes.RowStart[row] .. codes.RowStart[row + 1] - 1 -> row |]

        let entries =
            [| for i in 0 .. codes.Count - 1 do
                   let place = expected.Origin[i]
                   uint32 (rowOf[place] * stride + place - codes.RowStart[rowOf[place]]) |]

        let used (array: DeviceArray<'T>) =
            Array.truncate codes.Count (array.Download())

        [ Agreement.same "Start" expected.Start (lists.Start.Download())
          Agreement.same "Sample" (Array.truncate codes.Count expected.Sample) (used lists.Sample)
          Agreement.same "Entry" entries (used lists.Entry) ]

    /// Successive batches, with so many entries in each row, by one transposer.
    let private case name latents (batches: int[] list) =
        { Op = "LatentLists"
          Name = name
          Run =
            fun gpu ->
                let rows = batches |> List.map _.Length |> List.max
                let stride = batches |> Seq.map Array.max |> Seq.max |> max 1
                let transpose = LatentListsCuda(gpu, latents, rows)
                let device = DeviceCodes(gpu, latents, rows, stride)
                let lists = DeviceLists(gpu, latents, device.Capacity)

                Agreement.all
                    [ for seed, counts in List.indexed batches do
                          let codes = Inputs.codes seed latents counts
                          device.OfCodes codes
                          transpose.Fill(device, counts.Length, lists)
                          yield! compare codes stride lists ] }

    let private counts seed rows most =
        let random = Random(seed: int)
        Array.init rows (fun _ -> random.Next(most + 1))

    /// Cases of the op.
    let cases =
        [ case "one of one" 1 [ [| 1 |] ]
          case "no entries" 20 [ [| 0; 0; 0 |] ]
          case "odd sizes" 77 [ for seed in 0..2 -> counts seed 33 9 ]
          case
              "every latent in every row"
              41
              [ Array.create 70 41; counts 1 70 5; Array.create 70 41 ]
          case "all latents in one row" 130 [ [| 0; 130; 0; 2 |] ]
          case
              "fewer rows than there is room for"
              50
              [ for rows in [ 64; 31; 1; 65; 32 ] -> counts rows rows 6 ]
          case "more samples than a warp's words hold" 9 [ counts 3 1100 4; counts 4 1025 4 ]
          case "more groups than a block's threads" 2100 [ counts 5 12 60 ] ]

    /// At the sizes of the 16k benchmark.
    let timings =
        [ { Op = "LatentLists"
            Name = "25 of 4096"
            Bytes = 3.0 * 4.0 * 25600.0
            Flops = 0.0
            Prepare =
              fun gpu ->
                  let codes = DeviceCodes(gpu, 4096, 1024, 4096)
                  codes.OfCodes(Inputs.codes 1 4096 (Array.create 1024 25))
                  let lists = DeviceLists(gpu, 4096, 1L <<< 20)
                  let transpose = LatentListsCuda(gpu, 4096, 1024)
                  fun () -> transpose.Fill(codes, 1024, lists) } ]
