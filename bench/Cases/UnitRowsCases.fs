namespace SynthSae.Bench

open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops

module UnitRowsCases =
    let private norm (matrix: Matrix) row = sqrt (Rows.squaredNormAt matrix row)

    /// The contract's tolerance, in parts of the norms of the rows.
    let private byRow name (sizes: Matrix) expected (actual: DeviceMatrix) =
        let norms = Array.init sizes.Rows (norm sizes)
        Agreement.matrix name (fun row _ -> 1e-6 * norms[row]) expected (actual.ToMatrix())

    /// Normal numbers; the last row is 0.
    let private rowsWithZeros rows dim =
        let matrix = Inputs.normal 1 rows dim

        if rows > 1 then
            matrix.Row(rows - 1).Clear()

        matrix

    let private case what name rows dim run =
        { Op = "UnitRows"
          Name = $"{what}: {name}"
          Run = fun gpu -> run gpu (rowsWithZeros rows dim) (Inputs.normal 2 rows dim) }

    let private project (gpu: Gpu) (rows: Matrix) (gradient: Matrix) =
        let device = DeviceMatrix.ofMatrix gpu gradient
        let before = Matrix.copy gradient
        UnitRowsCuda.project gpu (DeviceMatrix.ofMatrix gpu rows) device
        UnitRowsReference.project rows gradient
        byRow "gradient" before gradient device

    let private normalise (gpu: Gpu) (rows: Matrix) (_: Matrix) =
        let device = DeviceMatrix.ofMatrix gpu rows
        use before = new DeviceArray<float32>(gpu, rows.Rows)
        use after = new DeviceArray<float32>(gpu, rows.Rows)
        let plain = Select.rowNorms rows
        UnitRowsCuda.norms gpu device before
        UnitRowsCuda.normalise gpu device after
        UnitRowsReference.normalise rows

        let norms name (expected: float32[]) (actual: DeviceArray<float32>) =
            Agreement.numbers name (fun j -> 1e-6 * float expected[j]) expected (actual.Download())

        Agreement.all
            [ byRow "rows" rows rows device
              norms "norms" plain before
              norms "new norms" (Select.rowNorms rows) after ]

    let private throughNorms (gpu: Gpu) (rows: Matrix) (gradient: Matrix) =
        let norms = Select.rowNorms rows

        let byNorm =
            Inputs.normals 3 rows.Rows
            |> Array.mapi (fun j value -> if j % 3 = 2 then 0.0f else value)

        let device = DeviceMatrix.ofMatrix gpu gradient

        UnitRowsCuda.throughNorms
            gpu
            (DeviceMatrix.ofMatrix gpu rows)
            (DeviceArray.ofArray gpu norms)
            (DeviceArray.ofArray gpu byNorm)
            device

        for j in 0 .. rows.Rows - 1 do
            if byNorm[j] <> 0.0f && norms[j] > 0.0f then
                let factor = byNorm[j] / norms[j]
                Simd.addScaled factor (rows.RowPtr j) (gradient.RowPtr j) rows.Cols

        Agreement.matrix "gradient" (fun _ _ -> 0.0) gradient (device.ToMatrix())

    /// Cases of the op.
    let cases =
        [ for what, run in
              [ "project", project; "normalise", normalise; "through norms", throughNorms ] do
              case what "odd sizes" 33 77 run
              case what "several blocks" 41 96 run
              case what "one number" 1 1 run
              case what "long rows" 2 1000 run
              case what "no rows" 0 8 run ]

    let private timing name bytes run =
        { Op = "UnitRows"
          Name = name
          Bytes = bytes * 4096.0 * 768.0
          Flops = 0.0
          Prepare =
            fun gpu ->
                let rows = DeviceMatrix.ofMatrix gpu (Inputs.normal 1 4096 768)
                let gradient = DeviceMatrix.ofMatrix gpu (Inputs.normal 2 4096 768)
                let norms = new DeviceArray<float32>(gpu, 4096)
                fun () -> run gpu rows gradient norms }

    /// The sizes of the 16k benchmark.
    let timings =
        [ timing "project" 12.0 (fun gpu rows gradient _ -> UnitRowsCuda.project gpu rows gradient)
          timing "normalise" 8.0 (fun gpu rows _ norms -> UnitRowsCuda.normalise gpu rows norms)
          timing "norms" 4.0 (fun gpu rows _ norms -> UnitRowsCuda.norms gpu rows norms) ]
