namespace SynthSae.Compute.Ops

open SynthSae.Compute

module NearThresholdReference =
    /// The entries of pre (B, L), and `near` by entry.
    let run (bandwidth: float32) (threshold: float32[]) (pre: Matrix) (codes: Codes) : float32[] =
        let entries =
            [ for row in 0 .. pre.Rows - 1 do
                  for j in 0 .. pre.Cols - 1 do
                      if NearThreshold.counts bandwidth pre[row, j] threshold[j] then
                          row, j, pre[row, j] ]

        codes.Reset(pre.Rows, entries.Length)

        for row in 0 .. pre.Rows do
            codes.RowStart[row] <- entries |> List.filter (fun (r, _, _) -> r < row) |> List.length

        entries
        |> List.iteri (fun entry (_, j, value) ->
            codes.Index[entry] <- j
            codes.Value[entry] <- if value > threshold[j] then value else 0.0f)

        entries
        |> List.map (fun (_, j, value) ->
            if NearThreshold.isNear bandwidth value threshold[j] then 1.0f else 0.0f)
        |> Array.ofList
