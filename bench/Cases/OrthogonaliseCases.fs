namespace SynthSae.Bench

open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops

module OrthogonaliseCases =
    let private cosine (a: Matrix) (b: Matrix) row =
        let dot (x: Matrix) (y: Matrix) =
            Seq.sum (seq { for k in 0 .. x.Cols - 1 -> float x[row, k] * float y[row, k] })

        dot a b / sqrt (dot a a * dot b b)

    let private run library rows dim steps (lr: float) (gpu: Gpu) =
        let start = Dictionaries.randomUnit 1 17UL rows dim
        let expected, actual = Matrix.copy start, Matrix.copy start
        OrthogonaliseReference.run steps lr expected
        OrthogonaliseCuda.runWith (library gpu) steps lr actual

        Agreement.all
            [ for row in 0 .. rows - 1 do
                  Agreement.number $"cosine[{row}]" 1e-5 1.0 (cosine expected actual row)

              Agreement.matrix "V" (fun _ _ -> 8.0 * lr) expected actual ]

    let private case library rows dim steps lr =
        { Op = "Orthogonalise"
          Name = $"{steps} steps of {lr} on ({rows}, {dim})"
          Run = run library rows dim steps lr }

    /// Cases of the op.
    let cases =
        [ for rows, dim in [ 60, 20; 33, 17; 40, 64; 2, 3; 1, 5; 5, 1 ] do
              case GemmLibrary.Own rows dim 20 1e-3

          case GemmLibrary.Open 50 24 1 1e-2
          case GemmLibrary.Open 30 10 60 3e-4 ]

    /// The dictionary of the 16k benchmark, with its copies to and fro.
    let timings: OpTiming list =
        let rows, dim, steps = 16384, 768, 100

        [ { Op = "Orthogonalise"
            Name = $"{steps} steps on ({rows}, {dim})"
            Bytes = 28.0 * float steps * float rows * float dim
            Flops = 4.0 * float steps * float rows * float dim * float dim
            Prepare =
              fun gpu ->
                  let library = GemmLibrary.Open gpu
                  let v = Dictionaries.randomUnit 1 17UL rows dim
                  fun () -> OrthogonaliseCuda.runWith library steps 3e-4 v } ]
