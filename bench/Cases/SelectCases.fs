namespace SynthSae.Bench

open System
open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops

open SelectInputs

module SelectCases =
    // ---- comparison ----

    /// An SAE of which only the encoder's bias matters.
    let private saeOf activation latents bias : Sae =
        { Encoder = Matrix(latents, 1)
          Decoder = Matrix(latents, 1)
          EncoderBias = bias
          DecoderBias = [| 0.0f |]
          ApplyDecoderBiasToInput = false
          Activation = activation
          Refinement = None
          Scaling = InputScaling.None }

    let private wanted activation scale (pre: Matrix) =
        let codes = Codes pre.Cols
        SelectReference.apply activation (saeOf activation pre.Cols [||]) scale pre codes
        codes

    let private read (codes: DeviceCodes) rows =
        let host = Codes codes.Width
        codes.ToCodes(rows, host)
        host

    let private roomFor (gpu: Gpu) (batches: Matrix seq) stride =
        let rows = batches |> Seq.map _.Rows |> Seq.max
        DeviceCodes(gpu, (Seq.head batches).Cols, rows, stride)

    let private caseOf name run =
        { Op = "Select"; Name = name; Run = run }

    // ---- a batch's largest ----

    /// Successive batches with their k by one selector.
    let private batchTopK name (scale: float32[]) (batches: (float * Matrix) list) =
        caseOf $"BatchTopK, {name}" (fun gpu ->
            let latents = (snd batches.Head).Cols
            let codes = roomFor gpu (List.map snd batches) latents
            let select = SelectCuda(gpu, codes.Rows, latents)
            use deviceScale = DeviceArray.ofArray gpu scale
            let count = DeviceScalar.ofValue gpu 0
            let smallest = DeviceScalar.ofValue gpu nanf

            Agreement.all
                [ for k, pre in batches do
                      DeviceScalar.set count (Select.batchCount k pre.Rows latents)
                      let devicePre = DeviceMatrix.ofMatrix gpu pre
                      select.BatchTopK(devicePre, deviceScale, count, codes, smallest)
                      let expected = wanted (Activation.BatchTopK(k, scale.Length > 0)) scale pre

                      let least =
                          Seq.init expected.Rows (fun row ->
                              [ for e in expected.RowStart[row] .. expected.RowStart[row + 1] - 1 do
                                    Select.compared scale pre row expected.Index[e] ])
                          |> Seq.concat
                          |> Seq.fold min infinityf

                      let least = if expected.Count = 0 then 0.0f else least
                      Agreement.codes "codes" expected (read codes pre.Rows)
                      Agreement.bits "smallest" [| least |] [| DeviceScalar.value smallest |] ])

    let private batchCases =
        [ batchTopK "one row of one" [||] [ 1.0, constant 2.0f 1 1 ]
          batchTopK "odd sizes" [||] [ 2.5, normal 1 33 77 ]
          batchTopK "the same batch again" [||] [ for _ in 1..3 -> 3.0, normal 2 20 132 ]
          batchTopK "norms" (norms 100) [ for seed in 3..6 -> 4.0, normal seed 17 100 ]
          batchTopK
              "thresholds rise"
              [||]
              [ for i in 0..4 -> 3.0, map ((*) (3.0f ** float32 i)) (normal i 9 64) ]
          batchTopK
              "thresholds leap"
              [||]
              [ for size in [ 1.0f; 10.0f; 0.01f; 1e6f ] -> 3.0, map ((*) size) (normal 3 21 64) ]
          batchTopK
              "thresholds fall"
              [||]
              [ for i in 0..4 -> 3.0, map ((*) (0.4f ** float32 i)) (normal i 9 64) ]
          batchTopK "thresholds change little" [||] [ for i in 0..4 -> 3.0, normal i 64 128 ]
          batchTopK
              "another count each time"
              (norms 60)
              [ for k in [ 2.0; 0.0; 5.0; 1000.0; 0.2; 20.0; 60.0 ] -> k, normal 7 12 60 ]
          batchTopK "rows of very different sizes" [||] [ for i in 0..2 -> 5.0, uneven i 40 90 ]
          batchTopK "ties" [||] [ for k in [ 1.0; 7.3; 9.9; 3.0; 3.1 ] -> k, coarse 8 31 70 ]
          batchTopK "ties and norms" (norms 70) [ for k in [ 1.0; 7.3; 9.9 ] -> k, coarse 8 31 70 ]
          batchTopK "all equal" [||] [ for k in [ 1.7; 1.7; 3.0 ] -> k, constant 0.3f 30 40 ]
          batchTopK
              "more equal ones than the list holds"
              [||]
              [ for _ in 1..2 -> 100.3, constant 0.3f 40 1000 ]
          batchTopK "nearly equal" [||] [ for i in 0..3 -> 30.0, close i 25 66 ]
          batchTopK
              "none positive"
              [||]
              [ 3.0, normal 9 5 44; 3.0, constant -1.0f 5 44; 3.0, normal 9 5 44 ]
          batchTopK "zeros" [||] [ 3.0, constant 0.0f 4 32; 3.0, constant -0.0f 4 32 ]
          batchTopK "extreme values" [||] [ for k in [ 3.0; 9.0; 25.0 ] -> k, extreme 10 13 48 ]
          batchTopK "tiny values" [||] [ for i in 0..2 -> 3.0, map ((*) 1e-41f) (normal i 13 48) ]
          batchTopK
              "rows longer than a block's reach"
              [||]
              [ for i in 0..1 -> 50.0, normal i 2 5003 ]
          batchTopK
              "aligned rows longer than a block's reach"
              (norms 4104)
              [ for i in 0..1 -> 50.0, normal i 2 4104 ]
          batchTopK
              "fewer rows than there is room for"
              [||]
              [ for rows in [ 20; 7; 1; 20 ] -> 2.0, normal rows rows 36 ]
          batchTopK "a few hundred rows" [||] [ for i in 0..1 -> 1.5, normal i 300 40 ] ]

    // ---- each row's largest ----

    let private topK name absolute (scale: float32[]) (batches: (int * Matrix) list) =
        let kind = if absolute then "AbsTopK" else "TopK"

        caseOf $"{kind}, {name}" (fun gpu ->
            let latents = (snd batches.Head).Cols
            let most = batches |> List.map fst |> List.max |> min latents
            let codes = roomFor gpu (List.map snd batches) (max 1 most)
            let select = SelectCuda(gpu, codes.Rows, latents)
            use deviceScale = DeviceArray.ofArray gpu scale
            let count = DeviceScalar.ofValue gpu 0

            Agreement.all
                [ for k, pre in batches do
                      DeviceScalar.set count k
                      let devicePre = DeviceMatrix.ofMatrix gpu pre
                      select.TopK(devicePre, deviceScale, count, absolute, codes)

                      let activation =
                          if absolute then
                              Activation.AbsTopK(k, scale.Length > 0)
                          else
                              Activation.TopK(k, scale.Length > 0)

                      Agreement.codes "codes" (wanted activation scale pre) (read codes pre.Rows) ])

    let private rowCases =
        [ for absolute in [ false; true ] do
              topK "one row of one" absolute [||] [ 1, constant 2.0f 1 1 ]
              topK "odd sizes" absolute [||] [ for i in 0..2 -> 5, normal i 9 77 ]
              topK "norms" absolute (norms 100) [ for i in 0..2 -> 8, normal i 8 100 ]

              topK
                  "another k each time"
                  absolute
                  [||]
                  [ for k in [ 3; 0; 60; 1; 1000; 2 ] -> k, normal 4 6 60 ]

              topK
                  "sizes rise and fall"
                  absolute
                  [||]
                  [ for i in [ 0; 3; -3; 1 ] -> 4, map ((*) (2.0f ** float32 i)) (normal i 6 90) ]

              topK
                  "rows of very different sizes"
                  absolute
                  [||]
                  [ for i in 0..2 -> 6, uneven i 14 96 ]

              topK "ties" absolute [||] [ for k in [ 1; 7; 20; 7 ] -> k, coarse 5 12 70 ]
              topK "all equal" absolute [||] [ for k in [ 3; 3; 40 ] -> k, constant 0.3f 4 40 ]
              topK "all equal, long" absolute [||] [ for k in [ 3; 3 ] -> k, constant 0.3f 2 700 ]

              topK
                  "many candidates"
                  absolute
                  (norms 900)
                  [ for k in [ 300; 300; 20 ] -> k, coarse 6 3 900 ]

              topK
                  "none positive"
                  absolute
                  [||]
                  [ 3, constant -1.0f 3 33; 3, constant 0.0f 3 33; 3, normal 1 3 33 ]

              topK "extreme values" absolute [||] [ for k in [ 3; 20 ] -> k, extreme 7 9 52 ]

              topK
                  "rows longer than a block's reach"
                  absolute
                  [||]
                  [ for i in 0..1 -> 20, normal i 2 5003 ] ]

    // ---- the others ----

    let private above name (threshold: float32[]) (pre: Matrix) =
        caseOf name (fun gpu ->
            let codes = roomFor gpu [ pre ] pre.Cols
            let select = SelectCuda(gpu, pre.Rows, pre.Cols)
            let devicePre = DeviceMatrix.ofMatrix gpu pre

            let activation =
                if threshold.Length = 0 then
                    select.Positive(devicePre, codes)
                    Activation.Relu
                else
                    use deviceThreshold = DeviceArray.ofArray gpu threshold
                    select.Above(devicePre, deviceThreshold, codes)
                    Activation.JumpRelu threshold

            Agreement.codes "codes" (wanted activation [||] pre) (read codes pre.Rows))

    let private thresholds latents =
        Inputs.normals 5 latents |> Array.map (fun x -> max 0.0f x)

    let private aboveCases =
        [ for name, pre in
              [ "odd sizes", normal 1 11 77
                "aligned rows", normal 1 11 132
                "extreme values", extreme 1 7 50
                "rows longer than a block's reach", normal 2 2 4500
                "one of one", constant 1.0f 1 1
                "all stay", constant 5.0f 3 140 ] do
              above $"Relu, {name}" [||] pre
              above $"JumpReLU, {name}" (thresholds pre.Cols) pre
          above "JumpReLU, at the threshold" (Array.create 40 0.5f) (coarse 3 9 40) ]

    let private gated name rows latents =
        caseOf $"Gated, {name}" (fun gpu ->
            let bias, scale, magnitudeBias =
                Inputs.normals 1 latents, Inputs.normals 2 latents, Inputs.normals 3 latents

            // Magnitudes within rounding of 0 may come out on either side of it.
            let random = normal 4 rows latents

            let pre =
                Matrix.init rows latents (fun b j ->
                    let x = random[b, j]
                    let magnitude = exp scale[j] * (x - bias[j]) + magnitudeBias[j]
                    if abs magnitude < 1e-3f then -1.0f else x)

            let activation = Activation.Gated(scale, magnitudeBias)
            let expected = Codes latents
            SelectReference.apply activation (saeOf activation latents bias) [||] pre expected
            let gate, codes = roomFor gpu [ pre ] latents, roomFor gpu [ pre ] latents
            use deviceBias = DeviceArray.ofArray gpu bias
            use deviceScale = DeviceArray.ofArray gpu scale
            use deviceMagnitudeBias = DeviceArray.ofArray gpu magnitudeBias

            SelectCuda(gpu, rows, latents)
                .Gated(
                    DeviceMatrix.ofMatrix gpu pre,
                    deviceBias,
                    deviceScale,
                    deviceMagnitudeBias,
                    gate,
                    codes
                )

            let actual = read codes rows

            Agreement.all
                [ Agreement.codes "gate" (wanted Activation.Relu [||] pre) (read gate rows)
                  Agreement.same "RowStart" expected.RowStart[..rows] actual.RowStart[..rows]
                  Agreement.same
                      "Index"
                      expected.Index[.. expected.Count - 1]
                      actual.Index[.. actual.Count - 1]
                  Agreement.numbers
                      "Value"
                      (fun e ->
                          let j = expected.Index[e]
                          1e-6 * float (exp scale[j] * 5.0f + abs magnitudeBias[j]))
                      expected.Value[.. expected.Count - 1]
                      actual.Value[.. actual.Count - 1] ])

    let private among name absolute (scale: float32[]) limit (indices: int[]) (pre: Matrix) =
        caseOf $"""{(if absolute then "AbsTopK" else "TopK")} among some, {name}""" (fun gpu ->
            let kept = min limit indices.Length
            let expected = Codes pre.Cols
            expected.Reset(pre.Rows, pre.Rows * kept)

            for row in 0 .. pre.Rows - 1 do
                expected.RowStart[row + 1] <- (row + 1) * kept

                indices
                |> Array.sortBy (fun j ->
                    let compared = Select.compared scale pre row j
                    struct (-(if absolute then abs compared else compared), j))
                |> Array.truncate kept
                |> Array.sort
                |> Array.iteri (fun i j ->
                    expected.Index[row * kept + i] <- j
                    expected.Value[row * kept + i] <- pre[row, j])

            let codes = roomFor gpu [ pre ] (max 1 limit)
            use deviceScale = DeviceArray.ofArray gpu scale
            use deviceIndices = new DeviceArray<int>(gpu, pre.Cols)
            deviceIndices.Upload indices

            SelectCuda(gpu, pre.Rows, pre.Cols)
                .Among(
                    DeviceMatrix.ofMatrix gpu pre,
                    deviceScale,
                    absolute,
                    deviceIndices,
                    DeviceScalar.ofValue gpu indices.Length,
                    limit,
                    codes
                )

            Agreement.codes "codes" expected (read codes pre.Rows))

    let private amongCases =
        [ for absolute in [ false; true ] do
              among "none" absolute [||] 5 [||] (normal 1 3 40)
              among "all of few" absolute [||] 5 [| 3; 4; 39 |] (normal 1 3 40)
              among "odd sizes" absolute [||] 6 [| 1..3..60 |] (normal 2 9 61)
              among "norms" absolute (norms 61) 6 [| 0..60 |] (normal 3 9 61)
              among "ties" absolute [||] 7 [| 0..2..69 |] (coarse 4 12 70)

              among
                  "zeros of both signs"
                  absolute
                  [||]
                  4
                  [| 0..51 |]
                  (map (fun x -> if x > 0.0f then 0.0f else -0.0f) (normal 5 6 52))

              among
                  "all negative"
                  absolute
                  [||]
                  4
                  [| 0..51 |]
                  (map (fun x -> -abs x) (normal 6 6 52))

              among "many" absolute [||] 300 [| 0..2..4400 |] (normal 7 2 4402) ]

    /// Cases of the op.
    let cases =
        [ yield! batchCases
          yield! rowCases
          yield! aboveCases
          gated "odd sizes" 9 77
          gated "aligned rows" 5 128
          yield! amongCases ]

    // ---- times ----

    let private timing name prepare =
        { Op = "Select"
          Name = name
          Bytes = 4.0 * 1024.0 * 4096.0
          Flops = 0.0
          Prepare =
            fun gpu ->
                let pre = DeviceMatrix.ofMatrix gpu (normal 1 1024 4096)
                prepare gpu (SelectCuda(gpu, 1024, 4096)) pre (DeviceCodes(gpu, 4096, 1024, 4096)) }

    /// At the sizes of the 16k benchmark.
    let timings =
        [ timing "BatchTopK" (fun gpu select pre codes ->
              let scale = DeviceArray.ofArray gpu (norms 4096)
              let count, smallest = DeviceScalar.ofValue gpu 25600, DeviceScalar.ofValue gpu 0.0f
              fun () -> select.BatchTopK(pre, scale, count, codes, smallest))
          timing "TopK" (fun gpu select pre codes ->
              let scale = DeviceArray.ofArray gpu (norms 4096)
              let k = DeviceScalar.ofValue gpu 25
              fun () -> select.TopK(pre, scale, k, false, codes))
          timing "JumpReLU" (fun gpu select pre codes ->
              let threshold = DeviceArray.ofArray gpu (Array.create 4096 2.5f)
              fun () -> select.Above(pre, threshold, codes)) ]
