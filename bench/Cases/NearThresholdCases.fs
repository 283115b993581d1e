namespace SynthSae.Bench

open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops

module NearThresholdCases =
    let private case name (bandwidth: float32) (threshold: float32[]) (pre: Matrix) =
        { Op = "NearThreshold"
          Name = name
          Run =
            fun gpu ->
                let codes = DeviceCodes(gpu, pre.Cols, pre.Rows, pre.Cols)
                use deviceNear = new DeviceArray<float32>(gpu, codes.Capacity)
                use deviceThreshold = DeviceArray.ofArray gpu threshold
                let devicePre = DeviceMatrix.ofMatrix gpu pre
                NearThresholdCuda.run gpu bandwidth deviceThreshold devicePre codes deviceNear
                let expected, actual = Codes pre.Cols, Codes pre.Cols
                let near = NearThresholdReference.run bandwidth threshold pre expected
                codes.ToCodes(pre.Rows, actual)
                let byPlace = deviceNear.Download()

                let actualNear =
                    [| for row in 0 .. pre.Rows - 1 do
                           for i in 0 .. actual.RowStart[row + 1] - actual.RowStart[row] - 1 do
                               byPlace[row * codes.Stride + i] |]

                Agreement.all
                    [ Agreement.codes "codes" expected actual
                      Agreement.bits "near" near actualNear ] }

    let private thresholds latents =
        Inputs.normals 5 latents |> Array.map (fun x -> max 0.0f x)

    /// Cases of the op.
    let cases =
        [ case "one of one" 0.1f [| 0.5f |] (Matrix.init 1 1 (fun _ _ -> 0.5f))
          case "odd sizes" 0.3f (thresholds 77) (Inputs.normal 1 9 77)
          case "aligned rows" 0.3f (thresholds 96) (Inputs.normal 2 7 96)
          case "wide rectangles reach below 0" 3.0f (thresholds 40) (Inputs.normal 3 6 40)
          case
              "at the edges of the rectangle"
              0.25f
              (Array.create 50 1.0f)
              (Matrix.init 3 50 (fun b j -> 0.5f + 0.0625f * float32 (b + j % 16)))
          case "rows longer than a block's reach" 0.05f (thresholds 4300) (Inputs.normal 4 2 4300)
          case "no entries" 0.01f (Array.create 33 100.0f) (Inputs.normal 5 4 33) ]

    /// At the sizes of the 16k benchmark.
    let timings =
        [ { Op = "NearThreshold"
            Name = "JumpReLU"
            Bytes = 4.0 * 1024.0 * 4096.0
            Flops = 0.0
            Prepare =
              fun gpu ->
                  let pre = DeviceMatrix.ofMatrix gpu (Inputs.normal 1 1024 4096)
                  let codes = DeviceCodes(gpu, 4096, 1024, 4096)
                  let near = new DeviceArray<float32>(gpu, codes.Capacity)
                  let threshold = DeviceArray.ofArray gpu (Array.create 4096 2.5f)
                  fun () -> NearThresholdCuda.run gpu 0.1f threshold pre codes near } ]
