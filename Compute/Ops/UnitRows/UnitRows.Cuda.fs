namespace SynthSae.Compute.Ops

open SynthSae.Compute.Cuda

/// Each is one launch.
module UnitRowsCuda =
    /// Take from each gradient row its part along the row of `rows`.
    let project (gpu: Gpu) (rows: DeviceMatrix) (gradient: DeviceMatrix) =
        Launches.warps
            gpu
            "unit_rows_project"
            rows.Rows
            [ rows.Arg; gradient.Arg; Arg.Of rows.Rows; Arg.Of rows.Cols ]

    /// Scale each row to norm 1; `norms` (rows; empty for none) receives the norms that come out.
    let normalise (gpu: Gpu) (rows: DeviceMatrix) (norms: DeviceArray<float32>) =
        Launches.warps
            gpu
            "unit_rows_normalise"
            rows.Rows
            [ rows.Arg; norms.Arg; Arg.Of rows.Rows; Arg.Of rows.Cols ]

    /// The norms of the rows (rows).
    let norms (gpu: Gpu) (rows: DeviceMatrix) (norms: DeviceArray<float32>) =
        Launches.warps
            gpu
            "unit_rows_norms"
            rows.Rows
            [ rows.Arg; norms.Arg; Arg.Of rows.Rows; Arg.Of rows.Cols ]

    /// Gradients by the norms of the rows, `byNorm` (rows), carried to the gradients of the rows by ∂‖w‖/∂w = w/‖w‖.
    let throughNorms
        (gpu: Gpu)
        (rows: DeviceMatrix)
        (norms: DeviceArray<float32>)
        (byNorm: DeviceArray<float32>)
        (gradient: DeviceMatrix)
        =
        Launches.warps
            gpu
            "unit_rows_through"
            rows.Rows
            [ rows.Arg; norms.Arg; byNorm.Arg; gradient.Arg; Arg.Of rows.Rows; Arg.Of rows.Cols ]
