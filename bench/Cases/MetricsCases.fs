namespace SynthSae.Bench

open SynthSae.Compute
open SynthSae.Compute.Cuda

module MetricsCases =
    let private matching latents features : Matching =
        { BestFeature = Array.init latents (fun latent -> latent * 7 % features)
          BestCosine = Array.zeroCreate latents
          AssignedFeature = Array.create latents -1
          AssignedCosine = Array.zeroCreate latents
          Mcc = 0.0
          Uniqueness = 0.0 }

    let private deviceCodes gpu (codes: Codes) stride =
        let device = DeviceCodes(gpu, codes.Width, codes.Rows, stride)
        device.OfCodes codes
        device

    let private sums name (expected: MetricSums) (actual: MetricSums) =
        let real name a b =
            Agreement.number name (1e-12 * abs a) a b

        let a, b = expected.Unsupervised, actual.Unsupervised

        let counts (sums: MetricSums) =
            [| sums.Unsupervised.Samples
               sums.Unsupervised.LatentEntries
               sums.Unsupervised.NormRatios
               sums.TrueEntries |]

        Agreement.all
            [ Agreement.same $"{name} counts" (counts expected) (counts actual)
              Agreement.same $"{name} Fires" a.Fires b.Fires
              Agreement.same $"{name} Active" expected.Active actual.Active
              Agreement.same $"{name} Hits" expected.Hits actual.Hits
              real $"{name} SquaredNorm" a.SquaredNorm b.SquaredNorm
              real $"{name} SquaredError" a.SquaredError b.SquaredError
              real $"{name} NormRatio" a.NormRatio b.NormRatio
              for d in 0 .. a.Sum.Length - 1 do
                  Agreement.number
                      $"{name} Sum[{d}]"
                      (1e-13 * float (1L + a.Samples))
                      a.Sum[d]
                      b.Sum[d] ]

    /// Batches of these sizes, of samples some of which are 0, have no features, or no latents.
    let private agreement features latents dim blocks (batches: int list) gpu =
        let samples = int64 (List.sum batches)
        let matching = matching latents features
        let host = MetricAccumulator(1, matching, features, dim, samples, blocks)
        let device = DeviceMetricAccumulator(gpu, matching, features, dim, samples, blocks)

        batches
        |> List.iteri (fun i rows ->
            let truth = Inputs.codes (3 * i) features (Array.init rows (fun row -> row * 5 % 12))
            let codes = Inputs.codes (3 * i + 1) latents (Array.init rows (fun row -> row % 9))
            let x, xHat = Inputs.normal (3 * i) rows dim, Inputs.normal (3 * i + 1) rows dim

            for row in 0..5 .. rows - 1 do
                x.Row(row).Clear()

            host.Add(truth, codes, x, xHat)

            device.Add(
                deviceCodes gpu truth 13,
                deviceCodes gpu codes 9,
                DeviceMatrix.ofMatrix gpu x,
                DeviceMatrix.ofMatrix gpu xHat
            ))

        Seq.zip host.Blocks device.Blocks
        |> Seq.mapi (fun block (expected, actual) -> sums $"block {block}" expected actual)
        |> Agreement.all

    let private case name features latents dim blocks batches =
        { Op = "Metrics"
          Name = name
          Run = agreement features latents dim blocks batches }

    /// Cases of the sums.
    let cases =
        [ case "one sample" 20 10 3 20 [ 1 ]
          case "batches across blocks, odd sizes" 50 40 77 20 [ 33; 34; 1; 40 ]
          case "one block for many batches, rows by four" 30 64 96 2 [ 64; 64; 10 ]
          case "fewer samples than blocks" 15 12 5 20 [ 3; 4 ] ]

    /// One batch of an evaluation on the 16k benchmark.
    let timings: OpTiming list =
        let batch, features, latents, dim = 1024, 16384, 4096, 768

        [ { Op = "Metrics"
            Name = "sums of a batch of 1024"
            Bytes = 4.0 * float (2 * batch * dim + batch * (34 + 25))
            Flops = 0.0
            Prepare =
              fun gpu ->
                  let truth = Inputs.codes 1 features (Array.create batch 34)
                  let codes = Inputs.codes 2 latents (Array.create batch 25)

                  let deviceTruth, deviceLatents =
                      deviceCodes gpu truth 34, deviceCodes gpu codes 25

                  let x = DeviceMatrix.ofMatrix gpu (Inputs.normal 3 batch dim)
                  let xHat = DeviceMatrix.ofMatrix gpu (Inputs.normal 4 batch dim)

                  let accumulator =
                      DeviceMetricAccumulator(
                          gpu,
                          matching latents features,
                          features,
                          dim,
                          // Enough for every repetition.
                          1L <<< 40,
                          20
                      )

                  fun () -> accumulator.Add(deviceTruth, deviceLatents, x, xHat) } ]
