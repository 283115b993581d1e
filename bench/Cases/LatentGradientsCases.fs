namespace SynthSae.Bench

open System
open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops

/// Inputs of back-propagation through latents, and how far float32 sums may lie from the Reference backend's: n·ε times
/// the sum of absolute values for a sum of n terms, carried through what follows.
module LatentGradientsCases =
    let private epsilon = 2.0 ** -24.0

    /// What a case has beside its sizes.
    type private Options =
        { Blocks: int
          Weighs: bool // gates, extras and scales of the encoder
          Adds: bool }

    let private plain = { Blocks = 1; Weighs = false; Adds = false }
    let private full = { Blocks = 1; Weighs = true; Adds = true }

    type private Problem =
        { Sae: Sae
          Codes: Codes
          Path: LatentPath
          Gate: float32[]
          Extra: float32[]
          Before: Parameters }

    /// Codes whose latents below `always` are in all rows, and none from `used` on in any; some values are 0, as those of
    /// entries that only losses see.
    let private codes latents used always (counts: int[]) =
        let random = Random 11
        let codes = Codes latents
        let rows = counts |> Array.map (fun count -> always + min count (used - always))
        codes.Reset(counts.Length, Array.sum rows)
        codes.RowStart[0] <- 0

        rows
        |> Array.iteri (fun row count ->
            let rest = Array.init (used - always) (fun i -> always + i)
            random.Shuffle rest
            let taken = Array.append [| 0 .. always - 1 |] (Array.sort rest[.. count - always - 1])
            let first = codes.RowStart[row]
            codes.RowStart[row + 1] <- first + count

            for i in 0 .. count - 1 do
                codes.Index[first + i] <- taken[i]
                let value = 0.1f + float32 (random.NextDouble())
                codes.Value[first + i] <- if random.Next 8 = 0 then 0.0f else value)

        codes

    let private problem (codes: Codes) dim options =
        let latents, batch = codes.Width, codes.Rows

        let some seed =
            if options.Weighs then Inputs.normals seed codes.Count else [||]

        let sae =
            Sae.create
                (Inputs.normal 21 latents dim)
                (Inputs.normal 22 latents dim)
                (Inputs.normals 23 latents)
                (Inputs.normals 24 dim)
                Activation.Relu

        { Sae = sae
          Codes = codes
          Path =
            { Input = Inputs.normal 25 batch dim
              Error = Inputs.normal 26 (options.Blocks * batch) dim
              Block =
                if options.Blocks = 1 then
                    [||]
                else
                    Array.init latents (fun j -> (5 * j + 1) % options.Blocks)
              Factor = 0.37f
              EncoderScale = if options.Weighs then Inputs.normals 27 latents else [||] }
          Gate = some 28
          Extra = some 29
          Before =
            { LatentGradients.create latents dim with
                Encoder = Inputs.normal 31 latents dim
                Decoder = Inputs.normal 32 latents dim
                EncoderBias = Inputs.normals 33 latents } }

    let private reference (problem: Problem) adds =
        let lists = LatentLists()
        lists.Fill(problem.Codes, problem.Gate, problem.Extra)
        let gradients = Parameters.copy problem.Before

        LatentGradientsReference.run
            problem.Sae
            problem.Path
            lists
            adds
            gradients.Encoder
            gradients.Decoder
            gradients.EncoderBias

        lists, gradients

    let private devicePath gpu (path: LatentPath) : DeviceLatentPath =
        { Input = DeviceMatrix.ofMatrix gpu path.Input
          Error = DeviceMatrix.ofMatrix gpu path.Error
          Block = DeviceArray.ofArray gpu path.Block
          Factor = DeviceScalar.ofValue gpu path.Factor
          EncoderScale = DeviceArray.ofArray gpu path.EncoderScale }

    /// The kernels' gradients, and gradients by code and slopes in the order of the codes. They run twice: the second
    /// time on what the first one left behind.
    let private onDevice gpu (problem: Problem) adds =
        let codes = problem.Codes
        let stride = DeviceInputs.roomFor codes
        let latents, dim = codes.Width, problem.Sae.Dim
        let gradients = LatentGradientsCuda(gpu, latents, dim, codes.Rows, 1)
        let decoder = DeviceMatrix.ofMatrix gpu problem.Sae.Decoder
        let path = devicePath gpu problem.Path
        let deviceCodes = DeviceInputs.codes gpu stride codes
        let lists = DeviceInputs.lists gpu stride codes
        let gate = DeviceInputs.byEntry gpu stride codes problem.Gate
        let extra = DeviceInputs.byEntry gpu stride codes problem.Extra
        let byCode = new DeviceArray<float32>(gpu, max 1L deviceCodes.Capacity)
        let slopes = new DeviceArray<float32>(gpu, max 1L deviceCodes.Capacity)

        let run () =
            let result = DeviceParameters.upload gpu problem.Before

            gradients.Run(
                decoder,
                path,
                deviceCodes,
                lists,
                gate,
                extra,
                byCode,
                slopes,
                adds,
                result.Encoder,
                result.Decoder,
                result.EncoderBias
            )

            let host = Parameters.copy problem.Before
            DeviceParameters.download host result
            host

        let first, second = run (), run ()
        let ordered = DeviceInputs.ofEntries stride codes
        first, second, ordered byCode, ordered slopes

    /// By entry in the order of the lists: the allowed differences of d and s.
    let private allowedByEntry (problem: Problem) (lists: LatentLists) =
        let sae, path = problem.Sae, problem.Path

        [| for j in 0 .. sae.Latents - 1 do
               for entry in lists.Start[j] .. lists.Start[j + 1] - 1 do
                   let row = path.FirstRow j + lists.Sample[entry]

                   let size =
                       Seq.init sae.Dim (fun d ->
                           abs (float path.Error[row, d] * float sae.Decoder[j, d]))
                       |> Seq.sum

                   // A chain of products in each lane, sums over lanes and over warps, and the factor.
                   let terms = float (sae.Dim / 32 + 20)
                   let byCode = terms * epsilon * abs (float path.Factor) * size
                   let gate = float (lists.Gate entry)
                   let through = abs (gate * float lists.ByCode[entry])
                   let rounding = 2.0 * epsilon * (through + abs (float (lists.Extra entry)))
                   struct (byCode, abs gate * byCode + rounding) |]

    /// The differences allowed of a latent's gradients: by the decoder, by the encoder at a column, and by the bias.
    let private allowedByLatent
        (problem: Problem)
        (lists: LatentLists)
        (slopes: struct (float * float)[])
        adds
        =
        let path, before = problem.Path, problem.Before

        let entries j =
            seq { lists.Start[j] .. lists.Start[j + 1] - 1 }

        let old value =
            if adds then abs (float (value: float32)) else 0.0

        let roundings j =
            epsilon * float (lists.Start[j + 1] - lists.Start[j] + 4)

        let scale j =
            if path.EncoderScale.Length = 0 then 1.0 else abs (float path.EncoderScale[j])

        let decoder j d =
            let size =
                entries j
                |> Seq.sumBy (fun i ->
                    let error = path.Error[path.FirstRow j + lists.Sample[i], d]
                    abs (float lists.Value[i] * float error))

            roundings j * (abs (float path.Factor) * size + old before.Decoder[j, d])

        let encoder j d =
            let sum (term: int -> float -> float) =
                entries j
                |> Seq.sumBy (fun i -> term i (abs (float path.Input[lists.Sample[i], d])))

            let size = sum (fun i u -> abs (float lists.Slope[i]) * u)

            let carried =
                sum (fun i u ->
                    let struct (_, slope) = slopes[i]
                    slope * u)

            scale j * (carried + roundings j * size) + roundings j * old before.Encoder[j, d]

        let bias j =
            let size = entries j |> Seq.sumBy (fun i -> abs (float lists.Slope[i]))

            let carried =
                entries j
                |> Seq.sumBy (fun i ->
                    let struct (_, slope) = slopes[i]
                    slope)

            carried + roundings j * (size + old before.EncoderBias[j])

        struct (decoder, encoder, bias)

    let private case name (codes: unit -> Codes) dim options =
        { Op = "LatentGradients"
          Name = name
          Run =
            fun gpu ->
                let problem = problem (codes ()) dim options
                let lists, expected = reference problem options.Adds
                let first, second, byCode, slopes = onDevice gpu problem options.Adds
                let allowed = allowedByEntry problem lists

                let struct (decoder, encoder, bias) =
                    allowedByLatent problem lists allowed options.Adds

                let bits name (a: Matrix) (b: Matrix) =
                    Agreement.bits name (a.Span.ToArray()) (b.Span.ToArray())

                Agreement.all
                    [ for i in 0 .. byCode.Length - 1 do
                          let struct (code, slope) = allowed[i]
                          let place = lists.Origin[i]
                          let d, s = float lists.ByCode[i], float lists.Slope[i]
                          Agreement.number $"by code[{place}]" code d (float byCode[place])
                          Agreement.number $"slope[{place}]" slope s (float slopes[place])
                      Agreement.matrix "decoder" decoder expected.Decoder first.Decoder
                      Agreement.matrix "encoder" encoder expected.Encoder first.Encoder
                      Agreement.numbers "bias" bias expected.EncoderBias first.EncoderBias
                      bits "decoder, again" first.Decoder second.Decoder
                      bits "encoder, again" first.Encoder second.Encoder
                      Agreement.bits "bias, again" first.EncoderBias second.EncoderBias ] }

    let private biasCase name latents dim rows outputs applies =
        { Op = "LatentGradients"
          Name = $"decoder bias, {name}"
          Run =
            fun gpu ->
                let sae =
                    { (problem (Codes latents) dim plain).Sae with
                        ApplyDecoderBiasToInput = applies }

                let through = Inputs.normals 41 latents
                // Latents that did not fire.
                for j in 0..3 .. latents - 1 do
                    through[j] <- 0.0f

                // The outputs have a row more than is asked for.
                let outputs =
                    [ for i in 1..outputs ->
                          struct (Inputs.normal (42 + i) (rows + 1) dim, float (0.3f * float32 i)) ]

                let expected = Array.zeroCreate dim
                LatentGradientsReference.decoderBias sae rows outputs through expected
                let gradients = LatentGradientsCuda(gpu, latents, dim, rows, outputs.Length)
                let gradient = new DeviceArray<float32>(gpu, dim)

                gradients.DecoderBias(
                    applies,
                    DeviceMatrix.ofMatrix gpu sae.Encoder,
                    rows,
                    [ for struct (matrix, factor) in outputs ->
                          struct (DeviceMatrix.ofMatrix gpu matrix,
                                  DeviceScalar.ofValue gpu (float32 factor)) ],
                    DeviceArray.ofArray gpu through,
                    gradient
                )

                let allowed d =
                    let sum count (term: int -> float) = Seq.init count (term >> abs) |> Seq.sum

                    let byOutput =
                        outputs
                        |> List.sumBy (fun (struct (matrix, factor)) ->
                            factor * sum rows (fun b -> float matrix[b, d]))

                    let byInput =
                        if applies then
                            sum latents (fun j -> float through[j] * float sae.Encoder[j, d])
                        else
                            0.0

                    // Sixteen rows to a partial sum, its factor, and the result.
                    18.0 * epsilon * (byOutput + byInput)

                Agreement.numbers "gradient" allowed expected (gradient.Download()) }

    /// Cases of the op.
    let cases =
        let counts = [| 0; 7; 1; 12; 0; 20; 3 |]

        [ case "one of each" (fun () -> codes 1 1 0 [| 1 |]) 1 plain
          case "odd sizes, latents without entries" (fun () -> codes 60 40 0 counts) 77 plain
          case "columns in fours" (fun () -> codes 60 40 0 counts) 96 plain
          case "added, with gates" (fun () -> codes 60 40 0 counts) 20 full
          case "added, with gates, odd" (fun () -> codes 60 40 1 counts) 33 full
          case "blocks" (fun () -> codes 30 30 0 counts) 52 { plain with Blocks = 3 }
          case
              "more columns than threads, with blocks"
              (fun () -> codes 9 8 0 [| 2; 5; 0 |])
              4100
              { full with Blocks = 2 }
          case
              "more odd columns than threads, and long lists"
              (fun () -> codes 3 2 1 (Array.create 70 1))
              1029
              full
          case
              "latents in all samples: long lists"
              (fun () -> codes 20 17 3 (Array.create 203 2))
              40
              plain
          case
              "long lists added, with blocks"
              (fun () -> codes 12 12 2 (Array.create 130 1))
              13
              { full with Blocks = 2 }
          case
              "so many entries that lists are long everywhere"
              (fun () -> codes 320 320 0 (Array.create 150 320))
              1
              plain
          case "no entries" (fun () -> codes 5 5 0 [| 0; 0 |]) 8 plain
          case "no entries, added" (fun () -> codes 5 5 0 [| 0; 0 |]) 8 full
          biasCase "one output" 40 77 33 1 true
          biasCase "three outputs" 100 20 16 3 true
          biasCase "not subtracted from inputs" 10 33 7 2 false
          biasCase "one of each" 1 1 1 1 true
          biasCase "no output" 17 8 0 0 true
          biasCase "more columns than threads" 20 1100 5 1 true ]

    let private timing name rows (run: Gpu -> (unit -> unit)) =
        { Op = "LatentGradients"
          Name = name
          Bytes = 4.0 * 768.0 * float rows
          Flops = 0.0
          Prepare = run }

    let private run gpu (codes: Codes) stride =
        let batch, latents, dim = codes.Rows, codes.Width, 768
        let gradients = LatentGradientsCuda(gpu, latents, dim, batch, 1)
        let decoder = DeviceMatrix.ofMatrix gpu (Inputs.normal 22 latents dim)
        let deviceCodes = DeviceInputs.codes gpu stride codes
        let lists = DeviceInputs.lists gpu stride codes
        let nothing = new DeviceArray<float32>(gpu, 0)
        let slopes = new DeviceArray<float32>(gpu, deviceCodes.Capacity)
        let encoderGradient = DeviceMatrix(gpu, latents, dim)
        let decoderGradient = DeviceMatrix(gpu, latents, dim)
        let biasGradient = new DeviceArray<float32>(gpu, latents)

        let path =
            { Input = Inputs.normal 25 batch dim
              Error = Inputs.normal 26 batch dim
              Block = [||]
              Factor = 0.37f
              EncoderScale = [||] }
            |> devicePath gpu

        fun () ->
            gradients.Run(
                decoder,
                path,
                deviceCodes,
                lists,
                nothing,
                nothing,
                nothing,
                slopes,
                false,
                encoderGradient,
                decoderGradient,
                biasGradient
            )

    /// What the GPU benchmark times.
    let timings =
        [ timing "25 latents of 4096" (3 * 4096 + 2 * 1024) (fun gpu ->
              run gpu (DeviceInputs.skewed 1 4096 1024 25) 25)
          timing "an eighth of all entries" (3 * 4096 + 2 * 1024) (fun gpu ->
              run gpu (Inputs.codes 1 4096 (Array.create 1024 512)) 512)
          timing "decoder bias" (4096 + 2 * 1024) (fun gpu ->
              let gradients = LatentGradientsCuda(gpu, 4096, 768, 1024, 2)
              let encoder = DeviceMatrix.ofMatrix gpu (Inputs.normal 21 4096 768)
              let error = DeviceMatrix.ofMatrix gpu (Inputs.normal 26 1024 768)
              let factor = DeviceScalar.ofValue gpu 0.37f
              let through = DeviceArray.ofArray gpu (Inputs.normals 41 4096)
              let gradient = new DeviceArray<float32>(gpu, 768)
              let outputs = [ struct (error, factor); struct (error, factor) ]
              fun () -> gradients.DecoderBias(true, encoder, 1024, outputs, through, gradient)) ]
