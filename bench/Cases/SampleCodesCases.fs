namespace SynthSae.Bench

open System
open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops
open SynthSae.Spec

module SampleCodesCases =
    let private case name run : OpCase =
        { Op = "SampleCodes"; Name = name; Run = run }

    let private reference (world: World) stream first rows =
        let codes = Codes world.NumFeatures
        SampleCodesReference.run world stream first rows codes
        codes

    let private download (codes: DeviceCodes) rows =
        let target = Codes codes.Width
        codes.ToCodes(rows, target)
        target

    /// Samples of a world beside the Reference's.
    let private compare name (world: World) (stream: Stream) first rows (gpu: Gpu) =
        let sampler = SampleCodesCuda.create gpu world (rows + 3)
        let codes = DeviceCodes(gpu, world.NumFeatures, rows + 3, world.NumFeatures)
        sampler.Codes(stream, first, rows, codes)
        sampler.Check codes
        Agreement.codes name (reference world stream first rows) (download codes rows)

    let private world name (world: unit -> World) rows =
        case name (compare "codes" (world ()) Stream.Training 1000L rows)

    let private randomWorlds maxFeatures seeds rows =
        case $"random worlds of up to {maxFeatures} features" (fun gpu ->
            [ for seed in seeds do
                  let world = HandMadeWorlds.random maxFeatures seed
                  compare $"world {seed}" world Stream.Evaluation 7L rows gpu ]
            |> Agreement.all)

    let private compiled (model: SyntheticModelSpec) =
        WorldCompiler.compile
            (Backend.Cpu 1)
            (Bench16k.valid (SyntheticModelSpec.validate { model with Orthogonalization = None }))

    let private preset name () =
        match RunSpec.model (Bench16k.valid (Presets.find name)).Run with
        | Some model -> compiled model
        | None -> failwith name

    /// The benchmark's forest and features; the dictionary does not matter here.
    let private benchmark () =
        compiled { Bench16k.model with HiddenDim = 16 }

    // ---- worlds with something special ------------------------------------------------------------

    /// N features like those of a random world without special values, but with the given rank and forest.
    let private features n rank forest : World =
        let random = Random(n + rank)

        let uniform low high =
            float32 (low + (high - low) * random.NextDouble())

        { HandMadeWorlds.plain n 3 with
            Threshold = Array.init n (fun _ -> uniform -1.0 1.5)
            Factor = Matrix.init n rank (fun _ _ -> uniform -0.2 0.2)
            ResidualSd = Array.init n (fun _ -> uniform 0.3 1.0)
            MeanMagnitude = Array.init n (fun _ -> uniform 0.5 3.0)
            StdMagnitude = Array.init n (fun _ -> uniform 0.0 2.0)
            Forest = HandMadeWorlds.forest n forest
            Seed = 0xFEDCBA9876543210UL }

    let private node feature children : HandMadeWorlds.Tree =
        { Feature = feature
          Exclusive = false
          Scaled = feature % 3 = 0
          Children = children }

    let private leaves first last = [ for i in first..last -> node i [] ]

    let private exclusive feature children =
        { node feature children with Exclusive = true }

    let private often (world: World) =
        { world with
            Threshold = world.Threshold |> Array.map (fun t -> t - 2.5f) }

    let private chain () =
        let rec below feature =
            if feature = 40 then [] else [ node feature (below (feature + 1)) ]

        often (features 41 5 (below 0))

    /// Exclusive children by the thousand, below a feature and below nothing.
    let private giants () =
        features
            2900
            3
            [ exclusive 0 (leaves 1 1300)
              exclusive -1 (leaves 1301 2850)
              node 2851 [ exclusive -1 (leaves 2852 2899) ] ]
        |> fun world ->
            world.Threshold[0] <- -2.0f
            world

    /// As many groups of one feature, and of none, as do not fit into a window, with free children among them.
    let private manyGroups () =
        let groups first =
            [ for g in 0..39 -> exclusive -1 (leaves (first + 20 * g) (first + 20 * g + 19)) ]

        features 2500 8 (node 0 (groups 1 @ leaves 801 1500) :: groups 1600)
        |> fun world ->
            world.Threshold[0] <- -2.0f
            world

    let private all (threshold: float32) n () =
        { features n 6 [] with
            Threshold = Array.create n threshold }

    let private fullRank n () =
        { often (features n n [ node 0 (leaves 1 9) ]) with
            ResidualSd = Array.zeroCreate n }

    /// Every feature fires in the samples' first one, whatever its noise, by the last bit of what is compared.
    let private lastBit rank () =
        let world = features 500 rank []
        let draw = Draw.normal world.Seed Stream.Training
        let factor = Array.init rank (draw Purpose.Factor 1000L)

        let compared i =
            let mutable mean = 0.0f

            for r in 0 .. rank - 1 do
                mean <- MathF.FusedMultiplyAdd(world.Factor[i, r], factor[r], mean)

            MathF.FusedMultiplyAdd(world.ResidualSd[i], draw Purpose.Firing 1000L i, mean)

        world.ResidualSd.AsSpan(0, 250).Clear()

        { world with
            Threshold = Array.init 500 (compared >> MathF.BitDecrement) }

    // ---- how it is called -------------------------------------------------------------------------

    let private streams =
        [ Stream.Training; Stream.Evaluation; Stream.Inspection; Stream.Resampling; Stream.Scale ]

    let private everyStream =
        case "every stream, sample numbers beyond 2^32" (fun gpu ->
            [ for i, stream in List.indexed streams do
                  let first = (1L <<< (31 + i)) - 3L
                  compare $"{stream}" (features 77 4 [ node 3 (leaves 5 9) ]) stream first 6 gpu ]
            |> Agreement.all)

    let private recorded =
        case "a recorded draw whose first sample changes" (fun gpu ->
            let world = features 200 9 [ exclusive 0 (leaves 1 30); node 31 (leaves 32 50) ]
            let rows = 5
            let sampler = SampleCodesCuda.create gpu world rows
            let codes = DeviceCodes(gpu, world.NumFeatures, rows, world.NumFeatures)
            let first = DeviceScalar.ofValue gpu 0L

            let draw () =
                sampler.Codes(Stream.Scale.Id, first, rows, codes)

            draw ()
            use graph = gpu.Capture draw

            [ for number in [ 0L; 17L; 1L <<< 40 ] do
                  DeviceScalar.set first number
                  gpu.Launch graph
                  sampler.Check codes
                  let expected = reference world Stream.Scale number rows
                  Agreement.codes $"from {number}" expected (download codes rows) ]
            |> Agreement.all)

    let private tooMany =
        case "more active features than there is room for" (fun gpu ->
            let world = all -infinityf 700 ()
            let sampler = SampleCodesCuda.create gpu world 2
            let codes = DeviceCodes(gpu, world.NumFeatures, 2, 96)
            sampler.Codes(Stream.Training, 0L, 2, codes)

            try
                sampler.Check codes
                Agreement.differs "nothing was raised"
            with BadInput(_, problem) ->
                // Magnitudes below 0 count as not active.
                let most = sampler.Codes(Stream.Training, 0L, 2, codes) |> sampler.TakeOverflow
                let found = (reference world Stream.Training 0L 2).RowStart
                let wanted = max found[1] (found[2] - found[1])

                Agreement.all
                    [ Agreement.same "most" [| Some wanted |] [| most |]
                      Agreement.same
                          "message"
                          [| true; true |]
                          [| problem.Contains(string wanted); problem.Contains "96" |] ])

    let private hostCodes =
        case "codes for the host, in pieces, with more room where it is wanted" (fun gpu ->
            // The rates of the compiled world promise fewer active features than these thresholds give.
            let world =
                { all -infinityf 2400 () with
                    Probability = Array.create 2400 0.001f }

            let sampler = DeviceSampler(gpu, world, 3)
            let codes = Codes world.NumFeatures
            sampler.Codes(Stream.Inspection, 5L, 8, codes)
            Agreement.codes "codes" (reference world Stream.Inspection 5L 8) codes)

    let private decoded =
        case "samples decoded, for the host and not" (fun gpu ->
            let world = preset "tiny" ()
            let sampler = DeviceSampler(gpu, world, 40)
            let codes, device = Codes world.NumFeatures, sampler.CreateCodes()
            let wanted, x = Matrix(100, world.HiddenDim), Matrix(100, world.HiddenDim)
            let cpu = Sampler.create (Backend.Cpu 1) world
            sampler.Sample(Stream.Training, 3L, codes, x)
            cpu.Sample(Stream.Training, 3L, codes, wanted)
            let bits (x: Matrix) = x.Span.ToArray()
            let deviceX = DeviceMatrix(gpu, 30, world.HiddenDim)

            let first = DeviceScalar.ofValue gpu 73L
            sampler.Sample(Stream.Training.Id, first, device, deviceX)
            let last = (bits wanted).AsSpan(70 * world.HiddenDim).ToArray()

            Agreement.all
                [ Agreement.bits "x" (bits wanted) (bits x)
                  Agreement.bits "last rows" last (bits (deviceX.ToMatrix())) ])

    /// Cases of the op.
    let cases =
        [ randomWorlds 70 [ 1..40 ] 5
          randomWorlds 700 [ 101..106 ] 3
          world "one feature" (fun () -> features 1 0 []) 40
          world "no correlation" (fun () -> features 131 0 [ node 7 (leaves 8 12) ]) 33
          world
              "rank beyond the shared memory"
              (fun () -> features 150 131 [ node 1 (leaves 2 5) ])
              3
          world "full correlation" (fullRank 67) 5
          world "a chain of features" chain 6
          world "thousands of exclusive children" giants 2
          world "many groups of exclusive children" manyGroups 2
          world "features that never fire" (all infinityf 150) 4
          world "features that always fire" (all -infinityf 1500) 2
          world "features that fire by the last bit, rank 25" (lastBit 25) 1
          world "features that fire by the last bit, rank 64" (lastBit 64) 9
          world "no samples" (fun () -> features 20 2 []) 0
          world "the preset tiny" (preset "tiny") 70
          world "the preset small" (preset "small") 40
          world "the benchmark's world" benchmark 3
          everyStream
          recorded
          tooMany
          hostCodes
          decoded ]

    // ---- timings ----------------------------------------------------------------------------------

    // F of the features that are always tried, their candidates there and back, and the codes.
    let private codesBytes =
        5632.0 * 4.0 * 32.0 + 2.0 * 1024.0 * 5632.0 / 8.0 + 1024.0 * 34.0 * 8.0

    let private timing name bytes draw : OpTiming =
        { Op = "SampleCodes"
          Name = name
          Bytes = bytes
          Flops = 0.0
          Prepare =
            fun gpu ->
                // The benchmark's dictionary decodes; its directions do not matter.
                let world = compiled Bench16k.model
                let sampler = DeviceSampler(gpu, world, Bench16k.Batch)
                let codes = sampler.CreateCodes()
                let x = DeviceMatrix(gpu, Bench16k.Batch, world.HiddenDim)
                let first = DeviceScalar.ofValue gpu 0L
                fun () -> draw sampler first codes x }

    /// What the GPU benchmark times. Decoding reads the rows of the dictionary that some sample needs, and writes x.
    let timings =
        [ timing "16k codes" codesBytes (fun sampler first codes _ ->
              sampler.Codes(Stream.Training.Id, first, Bench16k.Batch, codes))
          timing
              "16k samples"
              (codesBytes + 6000.0 * 768.0 * 4.0 + 1024.0 * 768.0 * 4.0)
              (fun sampler first codes x -> sampler.Sample(Stream.Training.Id, first, codes, x)) ]
