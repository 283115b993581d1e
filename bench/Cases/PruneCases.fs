namespace SynthSae.Bench

open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops

module PruneCases =
    let private signed (codes: Codes) =
        for entry in 0..3 .. codes.Count - 1 do
            codes.Value[entry] <- -codes.Value[entry]

        codes

    let private deviceCodes gpu (codes: Codes) stride =
        let device = DeviceCodes(gpu, codes.Width, codes.Rows, stride)
        device.OfCodes codes
        device

    /// Numbers by entry as they lie in a GPU's memory, in the order of codes.
    let private byEntry (codes: Codes) stride (values: float32[]) =
        [| for row in 0 .. codes.Rows - 1 do
               for i in 0 .. codes.RowStart[row + 1] - codes.RowStart[row] - 1 do
                   values[row * stride + i] |]

    /// What the contract allows each entry to differ by.
    let private allowed (x: Matrix) (codes: Codes) (bias: float32[]) (norms: float32[]) =
        let norm (values: float32 seq) =
            sqrt (Seq.sumBy (fun (v: float32) -> float v * float v) values)

        [| for row in 0 .. codes.Rows - 1 do
               let entries = [ codes.RowStart[row] .. codes.RowStart[row + 1] - 1 ]

               let written =
                   entries
                   |> List.sumBy (fun e -> float (abs codes.Value[e]) * float norms[codes.Index[e]])

               let size = norm (x.Row(row).ToArray()) + norm bias + written
               let terms = float (entries.Length + x.Cols)

               for _ in entries do
                   4.0 * terms * 2.0 ** -24.0 * size |]

    let private agreement latents dim (counts: int[]) gpu =
        let codes = signed (Inputs.codes 1 latents counts)
        let x, decoder = Inputs.normal 2 counts.Length dim, Inputs.normal 3 latents dim
        let bias, norms = Inputs.normals 4 dim, Prune.norms decoder
        let factors = Array.init counts.Length (fun row -> 0.5f + float32 row)
        let expected = Array.zeroCreate codes.Count
        PruneReference.scores x codes decoder bias norms expected
        let allowed = allowed x codes bias norms
        let stride = Array.max (Array.append [| 1 |] counts)
        let device = deviceCodes gpu codes stride
        let deviceX, deviceDecoder = DeviceMatrix.ofMatrix gpu x, DeviceMatrix.ofMatrix gpu decoder
        use deviceBias = DeviceArray.ofArray gpu bias
        use deviceNorms = DeviceArray.ofArray gpu norms

        let scores factors =
            use factors = DeviceArray.ofArray gpu factors
            let scores = DeviceArray.zeros<float32> gpu (counts.Length * stride)
            PruneCuda.scores gpu deviceX device deviceDecoder deviceBias deviceNorms factors scores
            scores

        use plain = scores [||]
        use scaled = scores factors
        let actual = byEntry codes stride (plain.Download())

        let byFactor =
            byEntry
                codes
                stride
                (Array.init (counts.Length * stride) (fun i -> factors[i / stride]))
            |> Array.map2 (*) actual

        // A threshold that equals a score: what lies on it goes.
        let threshold = if actual.Length = 0 then 0.0f else actual[actual.Length / 2]
        let wanted, kept = Codes latents, Codes latents
        PruneReference.keep codes actual threshold wanted
        let other = DeviceCodes(gpu, latents, counts.Length, stride + 3)
        PruneCuda.keep gpu counts.Length device plain threshold other
        other.ToCodes(counts.Length, kept)
        let inPlace = Codes latents
        PruneCuda.keep gpu counts.Length device plain threshold device
        device.ToCodes(counts.Length, inPlace)

        Agreement.all
            [ Agreement.numbers "scores" (fun i -> allowed[i]) expected actual
              Agreement.bits "scaled" byFactor (byEntry codes stride (scaled.Download()))
              Agreement.codes "kept" wanted kept
              Agreement.codes "kept in place" wanted inPlace ]

    let private case name latents dim counts =
        { Op = "Prune"
          Name = name
          Run = agreement latents dim counts }

    /// Cases of the op.
    let cases =
        [ case "one entry" 1 1 [| 1 |]
          case "odd sizes, empty rows" 50 77 [| 3; 0; 7; 50; 0; 1; 33 |]
          case "rows by four" 120 96 (Array.init 33 (fun row -> row * 7 % 40))
          case "every latent in one row" 300 40 [| 0; 300 |]
          case "no entries" 10 8 [| 0; 0; 0 |]
          case "no rows" 10 8 [||] ]

    /// Scores and selection at the sizes of the 16k benchmark.
    let timings: OpTiming list =
        let batch, latents, dim, active = 1024, 4096, 768, 25

        [ { Op = "Prune"
            Name = "scores and keep, B 1024, K 25"
            Bytes = 4.0 * float (batch * dim + latents * dim)
            Flops = 0.0
            Prepare =
              fun gpu ->
                  let codes = Inputs.codes 1 latents (Array.create batch active)
                  let decoder = Inputs.normal 3 latents dim
                  let device = deviceCodes gpu codes active
                  let kept = DeviceCodes(gpu, latents, batch, active)
                  let x = DeviceMatrix.ofMatrix gpu (Inputs.normal 2 batch dim)
                  let deviceDecoder = DeviceMatrix.ofMatrix gpu decoder
                  let bias = DeviceArray.zeros<float32> gpu dim
                  let norms = DeviceArray.ofArray gpu (Prune.norms decoder)
                  let none = DeviceArray.zeros<float32> gpu 0
                  let scores = DeviceArray.zeros<float32> gpu (batch * active)

                  fun () ->
                      PruneCuda.scores gpu x device deviceDecoder bias norms none scores
                      PruneCuda.keep gpu batch device scores 0.0f kept } ]
