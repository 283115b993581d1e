namespace SynthSae.Bench

open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops

module SizePenaltyCases =
    /// Codes with so many entries in each row, some of them 0.
    let private codes latents (counts: int[]) =
        let codes = Inputs.codes 1 latents counts

        for entry in 0..5 .. codes.Count - 1 do
            codes.Value[entry] <- 0.0f

        codes

    let private toDevice (gpu: Gpu) penalty =
        let scalar: float -> DeviceScalar<float> = DeviceScalar.ofValue gpu

        match penalty with
        | Penalty.Norm(lambda, p) -> DevicePenalty.Norm(scalar lambda, p)
        | Penalty.Weighted lambda -> DevicePenalty.Weighted(DeviceArray.ofArray gpu lambda)
        | Penalty.Tanh(lambda, scale) -> DevicePenalty.Tanh(scalar lambda, scale)

    /// All slopes are of one sign and sums in double: a few roundings to float.
    let private near name (expected: float32[]) actual =
        Agreement.numbers name (fun i -> 5e-7 * abs (float expected[i]) + 1e-12) expected actual

    /// Penalties one after another on the same batch.
    let private case name latents counts (penalties: Penalty list) =
        { Op = "SizePenalty"
          Name = name
          Run =
            fun gpu ->
                let codes = codes latents counts
                let norms = Inputs.normals 2 latents |> Array.map (fun x -> 0.5f + abs x)
                let extra, byNorm = Array.zeroCreate codes.Count, Array.zeroCreate latents
                let stride = DeviceInputs.roomFor codes
                let device = DeviceInputs.codes gpu stride codes
                let lists = DeviceInputs.lists gpu stride codes
                let deviceNorms = DeviceArray.ofArray gpu norms
                let deviceExtra = DeviceArray.ofArray gpu (Array.create (codes.Rows * stride) nanf)
                let deviceByNorm = DeviceArray.ofArray gpu (Array.create latents nanf)
                let kernels = SizePenaltyCuda(gpu, codes.Rows, device.Capacity)

                let losses =
                    [ for number, penalty in List.indexed penalties do
                          let expected = SizePenaltyReference.run penalty norms codes extra byNorm

                          let loss: DeviceScalar<float> = DeviceScalar.ofValue gpu nan

                          kernels.Run(
                              toDevice gpu penalty,
                              codes.Rows,
                              deviceNorms,
                              device,
                              lists,
                              (number = 0),
                              deviceExtra,
                              deviceByNorm,
                              loss
                          )

                          Agreement.number
                              $"loss {number}"
                              (1e-12 * expected)
                              expected
                              (DeviceScalar.value loss) ]

                Agreement.all
                    [ yield! losses
                      near "extra" extra (DeviceInputs.ofEntries stride codes deviceExtra)
                      near "by norm" byNorm (deviceByNorm.Download()) ] }

    /// Cases of the op.
    let cases =
        let kinds latents =
            [ "l1", Penalty.Norm(0.7, 1.0)
              "p = 1.5", Penalty.Norm(0.7, 1.5)
              "p = 2", Penalty.Norm(0.7, 2.0)
              "weighted", Penalty.Weighted(Array.init latents (fun j -> 0.1 * float (j % 4)))
              "tanh", Penalty.Tanh(0.7, 4.0) ]

        [ for name, penalty in kinds 130 do
              case name 130 [| 5; 0; 130; 1; 33; 64; 31; 32 |] [ penalty ]
          for name, penalty in kinds 1 do
              case $"{name}, one latent" 1 [| 1 |] [ penalty ]
          case
              "several after one another"
              300
              (Array.init 40 (fun row -> 7 * row))
              (kinds 300 |> List.map snd)
          case "no entries" 9 [| 0; 0 |] [ Penalty.Norm(0.7, 1.0); Penalty.Norm(0.7, 1.5) ] ]

    /// The sizes of the 16k benchmark, with a Standard SAE's L0 of a few hundred.
    let timings =
        [ { Op = "SizePenalty"
            Name = "l1, 300 entries a row"
            Bytes = 1024.0 * 300.0 * 28.0
            Flops = 0.0
            Prepare =
              fun gpu ->
                  let source = Inputs.codes 1 4096 (Array.create 1024 300)
                  let codes = DeviceInputs.codes gpu 4096 source
                  let lists = DeviceInputs.lists gpu 4096 source
                  let norms = DeviceArray.ofArray gpu (Array.create 4096 1.0f)
                  let extra = new DeviceArray<float32>(gpu, codes.Capacity)
                  let byNorm = new DeviceArray<float32>(gpu, 4096)
                  let loss: DeviceScalar<float> = DeviceScalar.ofValue gpu 0.0
                  let lambda: DeviceScalar<float> = DeviceScalar.ofValue gpu 0.1
                  let kernels = SizePenaltyCuda(gpu, 1024, codes.Capacity)
                  let penalty = DevicePenalty.Norm(lambda, 1.0)

                  fun () ->
                      kernels.Run(penalty, 1024, norms, codes, lists, true, extra, byNorm, loss) } ]
