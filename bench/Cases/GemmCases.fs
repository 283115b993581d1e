namespace SynthSae.Bench

open System
open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops
open SynthSae.Spec

module GemmCases =
    let private rounded (precision: Precision) (a: Matrix) =
        let number = Rounding.number precision
        Matrix.init a.Rows a.Cols (fun i j -> number a[i, j])

    let private size (a: Matrix) =
        Matrix.init a.Rows a.Cols (fun i j -> abs a[i, j])

    /// The product of what was rounded in double, and how far an element may lie from it.
    let private wanted (shape: GemmShape) (a: Matrix) (b: Matrix) (bias: float32[]) =
        let a, b = rounded shape.Precision a, rounded shape.Precision b
        let rows = if shape.TransA then a.Cols else a.Rows
        let expected, sizes = Matrix(rows, shape.N), Matrix(rows, shape.N)
        GemmReference.multiplyAdd shape.TransA a shape.TransB b bias expected
        let sizesOfBias = bias |> Array.map abs
        GemmReference.multiplyAdd shape.TransA (size a) shape.TransB (size b) sizesOfBias sizes
        let k = float shape.K
        let linear = if shape.Precision = Precision.Fp32 then 0.0 else k / 4.0
        let units = (linear + 4.0 * sqrt k) * 2.0 ** -24.0
        expected, (fun i j -> units * float sizes[i, j])

    /// Products of up to `shape.M` rows: so many, and half of them again with the B that is there.
    let private run
        (library: Gpu -> GemmLibrary)
        (shape: GemmShape)
        (spoil: Matrix -> unit)
        (gpu: Gpu)
        =
        let transposed trans (rows, cols) =
            if trans then cols, rows else rows, cols

        let a = transposed shape.TransA (shape.M, shape.K) ||> Inputs.normal 1
        let b = transposed shape.TransB (shape.K, shape.N) ||> Inputs.normal 2
        let bias = if shape.Bias then Inputs.normals 3 shape.N else [||]
        spoil a
        spoil b
        let gemm = GemmCuda(library gpu, shape)
        let deviceB = DeviceMatrix.ofMatrix gpu b
        use deviceBias = DeviceArray.ofArray gpu bias

        let compare name (product: DeviceMatrix -> DeviceMatrix -> unit) (a: Matrix) =
            let rows = if shape.TransA then a.Cols else a.Rows
            let expected, allowed = wanted shape a b bias
            let c = DeviceMatrix.zeros gpu rows shape.N
            product (DeviceMatrix.ofMatrix gpu a) c
            Agreement.matrix name allowed expected (c.ToMatrix())

        let first = compare "C" (fun a c -> gemm.Run(a, deviceB, deviceBias, c)) a

        let again =
            if shape.TransA then
                Agreement.exact
            else
                // Other rows, and fewer: what is left of the first in the copies must not be seen.
                let few = Inputs.normal 4 ((shape.M + 1) / 2) shape.K
                compare "C again" (fun a c -> gemm.RunAgain(a, deviceB, deviceBias, c)) few

        Agreement.worse first again

    let private case by library what (shape: GemmShape) =
        { Op = "Gemm"
          Name = $"{shape.Precision}, {what} ({shape.M}, {shape.N}, {shape.K}) {by}"
          Run = run library shape ignore }

    let private libraries = [ "by our kernels", GemmLibrary.Own; "by cuBLASLt", GemmLibrary.Open ]

    let private encoders =
        [ for by, library in libraries do
              for precision in [ Precision.Bf16; Precision.Tf32; Precision.Fp32 ] do
                  for what, m, n, k in
                      [ "one of everything", 1, 1, 1
                        "odd sizes", 3, 5, 7
                        "one row", 1, 130, 48
                        "K of one", 37, 66, 1
                        "one tile", 128, 128, 64
                        "several tiles with edges", 130, 257, 33
                        "more slices than stages", 65, 70, 196
                        "an odd K of several slices", 20, 136, 171 ] do
                      case by library what (GemmShape.encoder precision m n k) ]

    let private forms =
        [ for by, library in libraries do
              for transA, transB, form in
                  [ true, false, "AᵀB"; false, false, "AB"; false, true, "ABᵀ" ] do
                  for what, m, n, k in
                      [ "small", 3, 5, 7
                        "one row", 1, 33, 12
                        "edges", 130, 129, 20
                        "a split K", 36, 44, 1100
                        "an odd split K", 5, 7, 1027 ] do
                      case by library $"{form}, {what}" (GemmShape.plain transA transB m n k) ]

    /// Operands that others write in bf16, of which only some rows count.
    let private words =
        [ for by, library in libraries do
              for m, n, k in [ 40, 70, 64; 130, 5, 32 ] do
                  let shape = GemmShape.encoder Precision.Bf16 m n k

                  let run (gpu: Gpu) =
                      let a, b = Inputs.normal 1 (m - 7) k, Inputs.normal 2 n k
                      let bias = Inputs.normals 3 n
                      let gemm = GemmCuda(library gpu, shape)
                      let struct (wordsA, wordsB) = gemm.Words

                      let write (words: DeviceArray<uint16>) (values: Matrix) =
                          words.Upload(
                              ReadOnlySpan(Array.map Inputs.bf16 (values.Span.ToArray())),
                              0L
                          )

                      write wordsA a
                      write wordsB b
                      let c = DeviceMatrix.zeros gpu (m - 7) n
                      use deviceBias = DeviceArray.ofArray gpu bias
                      gemm.RunWords(m - 7, deviceBias, c)
                      let expected, allowed = wanted shape a b bias
                      Agreement.matrix "C" allowed expected (c.ToMatrix())

                  { Op = "Gemm"
                    Name = $"Bf16, words of others ({m}, {n}, {k}) {by}"
                    Run = run } ]

    /// What is not finite reaches the result and nothing else.
    let private spoilt =
        [ for by, library in libraries do
              for precision in [ Precision.Bf16; Precision.Tf32; Precision.Fp32 ] do
                  let shape = GemmShape.encoder precision 9 11 40

                  let spoil (a: Matrix) =
                      a[2, 3] <- BitConverter.Int32BitsToSingle 0x7FFFFFFF
                      a[4, 39] <- infinityf
                      a[5, 0] <- -infinityf
                      a[6, 7] <- Single.MaxValue

                  { Op = "Gemm"
                    Name = $"{precision}, numbers that are not finite {by}"
                    Run = run library shape spoil } ]

    /// Cases of the op.
    let cases = encoders @ forms @ words @ spoilt

    /// The encoder of the 16k benchmark.
    let timings: OpTiming list =
        [ for by, library in libraries do
              for precision in [ Precision.Bf16; Precision.Tf32; Precision.Fp32 ] do
                  let m, n, k = 1024, 4096, 768

                  { Op = "Gemm"
                    Name = $"{precision}, (1024, 4096, 768) {by}"
                    Bytes = 4.0 * float (m * k + n * k + m * n)
                    Flops = 2.0 * float m * float n * float k
                    Prepare =
                      fun gpu ->
                          let gemm = GemmCuda(library gpu, GemmShape.encoder precision m n k)
                          let a = DeviceMatrix.ofMatrix gpu (Inputs.normal 1 m k)
                          let b = DeviceMatrix.ofMatrix gpu (Inputs.normal 2 n k)
                          let bias = DeviceArray.ofArray gpu (Inputs.normals 3 n)
                          let c = DeviceMatrix(gpu, m, n)
                          fun () -> gemm.Run(a, b, bias, c) } ]
