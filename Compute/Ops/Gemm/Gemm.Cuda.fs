namespace SynthSae.Compute.Ops

open System.Collections.Generic
open SynthSae.Compute.Cuda
open SynthSae.Spec

/// Who computes products on a GPU.
[<RequireQualifiedAccess>]
type GemmKind =
    | CublasLt
    /// The kernels of Gemm.Cuda.cu.
    | Own

/// cuBLASLt with its room to work in, where it is there. One for each stream that multiplies: products share the room.
[<Sealed>]
type GemmLibrary private (gpu: Gpu, found: Result<CublasLt, string>) =
    let workspace =
        let bytes = if found.IsOk then CublasLt.WorkspaceBytes else 0
        new DeviceArray<byte>(gpu, bytes)

    /// cuBLASLt, or our kernels where it cannot be had.
    static member Open(gpu: Gpu) =
        GemmLibrary(gpu, gpu.Within CublasLt.TryCreate)

    /// Our kernels, whatever there is.
    static member Own(gpu: Gpu) =
        GemmLibrary(gpu, Error "cuBLASLt is not asked for")

    member _.Gpu = gpu

    /// Who multiplies.
    member _.Kind = if found.IsOk then GemmKind.CublasLt else GemmKind.Own

    /// Why it is not cuBLASLt; empty when it is.
    member _.Problem =
        match found with
        | Ok _ -> ""
        | Error problem -> problem

    member internal _.CublasLt = Result.toOption found
    member internal _.Workspace = workspace.Pointer

/// Sizes of a product C (M, N) = op(A) (M, K) · op(B) (K, N), and how it is made.
type GemmShape =
    {
        /// The most rows of C.
        M: int
        N: int
        K: int
        /// A is (K, M).
        TransA: bool
        /// B is (N, K).
        TransB: bool
        /// What A and B are rounded to; other than float32 only of A (M, K) and B (N, K).
        Precision: Precision
        /// A bias (N) is added to every row.
        Bias: bool
    }

module GemmShape =
    /// The encoder's: x' (B, D) by W_enc (L, D), plus b_enc (L), for up to so many samples.
    let encoder precision batch latents dim : GemmShape =
        { M = batch
          N = latents
          K = dim
          TransA = false
          TransB = true
          Precision = precision
          Bias = true }

    /// A product in float32 without bias.
    let plain transA transB m n k : GemmShape =
        { M = m
          N = n
          K = k
          TransA = transA
          TransB = transB
          Precision = Precision.Fp32
          Bias = false }

/// Copies of an operand, rounded: rows up to a multiple of 128 and columns up to one of 32, the rest 0.
[<Sealed>]
type private RoundedOperand(gpu: Gpu, precision: Precision, rows: int, cols: int) =
    let up unit size = (size + unit - 1) / unit * unit
    let depth = up 32 cols
    let size = int64 (up 128 rows) * int64 depth

    let words = new DeviceArray<uint16>(gpu, (if precision = Precision.Bf16 then size else 0L))

    let floats = new DeviceArray<float32>(gpu, (if precision = Precision.Tf32 then size else 0L))

    do
        // Rows beyond those that are taken are multiplied, too, where they do no harm.
        words.Clear()
        floats.Clear()

    /// Numbers of a row.
    member _.Depth = depth

    member _.Pointer = words.Pointer + floats.Pointer

    /// The rounded numbers, where they are bf16.
    member _.Words = words

    member _.Arg = if precision = Precision.Bf16 then words.Arg else floats.Arg

    /// Take a matrix with at most so many rows.
    member operand.Take(source: DeviceMatrix) =
        let rows = up 128 source.Rows

        let kernel = if precision = Precision.Bf16 then "gemm_round_bf16" else "gemm_round_tf32"

        gpu.Launch(
            kernel,
            (int (int64 rows * int64 depth / 8L) + 255) / 256,
            256,
            [ source.Arg
              operand.Arg
              Arg.Of source.Rows
              Arg.Of source.Cols
              Arg.Of rows
              Arg.Of depth ]
        )

/// A product on a GPU (contract: `Gemm`), by cuBLASLt or by our kernels. At a precision other than float32 A and B are
/// rounded first (`Rounding`), so that both see the same numbers. Tolerance: that of `Gemm` in float32; on tensor cores,
/// which truncate, |Δ| ≤ (K/4 + 4·√K)·ε·Σ|a·b| of what was rounded.
///
/// Made before a step is recorded, with all memory that it needs; what it enqueues can be recorded.
[<Sealed>]
type GemmCuda(library: GemmLibrary, shape: GemmShape) =
    let gpu = library.Gpu
    let rounds = shape.Precision <> Precision.Fp32
    let tiles size = (size + 127) / 128

    do
        if rounds && (shape.TransA || not shape.TransB) || shape.TransA && shape.TransB then
            invalidArg (nameof shape) $"no kernel makes {shape}"

    /// Rows of A and of B as they are multiplied.
    let operands =
        if rounds then
            Some(
                RoundedOperand(gpu, shape.Precision, shape.M, shape.K),
                RoundedOperand(gpu, shape.Precision, shape.N, shape.K)
            )
        else
            None

    /// In how many parts the range of K is split: enough to fill the device, of at least 512 each.
    let parts =
        if rounds || library.Kind = GemmKind.CublasLt then
            1
        else
            let blocks = tiles shape.M * tiles shape.N |> max 1
            max 1 (min (2 * gpu.Info.Multiprocessors / blocks) (shape.K / 512))

    let partial =
        let size = int64 parts * int64 shape.M * int64 shape.N
        new DeviceArray<float32>(gpu, (if parts > 1 then size else 0L))

    let prepared = Dictionary<int, Matmul>()

    let prepare (cublasLt: CublasLt) rows =
        match prepared.TryGetValue rows with
        | true, matmul -> matmul
        | false, _ ->
            let depth, input =
                match operands, shape.Precision with
                | Some(a, _), Precision.Bf16 -> a.Depth, MatmulInput.Bfloat16
                | Some(a, _), _ -> a.Depth, MatmulInput.Tf32
                | None, _ -> shape.K, MatmulInput.Float32

            let matmul =
                new Matmul(
                    cublasLt,
                    { M = rows
                      N = shape.N
                      K = depth
                      TransposeA = shape.TransA
                      TransposeB = shape.TransB
                      Input = input
                      Bias = shape.Bias }
                )

            prepared[rows] <- matmul
            matmul

    /// Our tensor-core kernel.
    let multiplyRounded (a: RoundedOperand, b: RoundedOperand) (bias: Arg) (c: DeviceMatrix) =
        let kernel = if shape.Precision = Precision.Bf16 then "gemm_bf16" else "gemm_tf32"
        let grid = struct (tiles shape.N, tiles c.Rows)
        let sizes = [ Arg.Of c.Rows; Arg.Of shape.N; Arg.Of a.Depth ]
        // Three stages of two operands of 128 rows, 80 bytes each.
        gpu.Launch(kernel, grid, 256, 3 * 2 * 128 * 80, [ a.Arg; b.Arg; bias; c.Arg ] @ sizes)

    /// Our float32 kernels.
    let multiplyPlain (a: DeviceMatrix) (b: DeviceMatrix) (bias: Arg) (c: DeviceMatrix) =
        let kernel =
            if shape.TransA then "gemm_fp32_tn"
            elif shape.TransB then "gemm_fp32_nt"
            else "gemm_fp32_nn"

        let target = if parts > 1 then partial.Arg else c.Arg
        let grid = struct (parts * tiles shape.N, tiles c.Rows)
        let sizes = [ Arg.Of c.Rows; Arg.Of shape.N; Arg.Of shape.K; Arg.Of parts ]
        gpu.Launch(kernel, grid, 256, 0, [ a.Arg; b.Arg; bias; target ] @ sizes)

        if parts > 1 then
            let blocks = int ((int64 c.Rows * int64 shape.N + 255L) / 256L)
            let sizes = [ Arg.Of c.Rows; Arg.Of shape.N; Arg.Of parts ]
            gpu.Launch("gemm_sum", blocks, 256, [ partial.Arg; bias; c.Arg ] @ sizes)

    let check (a: DeviceMatrix) (b: DeviceMatrix) (bias: DeviceArray<float32>) (c: DeviceMatrix) =
        let m, k = if shape.TransA then a.Cols, a.Rows else a.Rows, a.Cols
        let kB, n = if shape.TransB then b.Cols, b.Rows else b.Rows, b.Cols

        if k <> shape.K || kB <> k || n <> shape.N || m > shape.M || c.Rows <> m || c.Cols <> n then
            invalidArg
                (nameof c)
                $"({m}, {k}) times ({kB}, {n}) into ({c.Rows}, {c.Cols}) is not {shape}"

        if bias.Length <> (if shape.Bias then int64 n else 0L) then
            invalidArg (nameof bias) $"a bias of {bias.Length} for {n} columns"

    let multiply
        (a: DeviceMatrix)
        (b: DeviceMatrix)
        (bias: DeviceArray<float32>)
        (c: DeviceMatrix)
        =
        match library.CublasLt, operands with
        | Some cublasLt, _ ->
            let addressA, addressB =
                match operands with
                | Some(a, b) -> a.Pointer, b.Pointer
                | None -> a.Elements.Pointer, b.Elements.Pointer

            let workspace = library.Workspace
            let target = c.Elements.Pointer
            let matmul = prepare cublasLt c.Rows
            let stream = gpu.Stream.Handle

            gpu.Named(
                "cublasLt",
                fun () -> matmul.Run(stream, addressA, addressB, bias.Pointer, target, workspace)
            )
        | None, Some operands -> multiplyRounded operands bias.Arg c
        | None, None -> multiplyPlain a b bias.Arg c

    let run
        again
        (a: DeviceMatrix)
        (b: DeviceMatrix)
        (bias: DeviceArray<float32>)
        (c: DeviceMatrix)
        =
        check a b bias c

        if c.Rows > 0 && shape.N > 0 then
            operands
            |> Option.iter (fun (left, right) ->
                left.Take a

                if not again then
                    right.Take b)

            multiply a b bias c

    do library.CublasLt |> Option.iter (fun cublasLt -> prepare cublasLt shape.M |> ignore)

    /// Who multiplies.
    member _.Kind = library.Kind

    /// Sizes, and how it is made.
    member _.Shape = shape

    /// Where A and B (rows up to M and N, without gaps) may be written in bf16 by whoever makes them, for `RunWords`;
    /// empty where the product reads something else.
    member _.Words: struct (DeviceArray<uint16> * DeviceArray<uint16>) =
        match operands with
        | Some(a, b) when shape.Precision = Precision.Bf16 && a.Depth = shape.K ->
            struct (a.Words, b.Words)
        | _ ->
            let nothing = new DeviceArray<uint16>(gpu, 0)
            struct (nothing, nothing)

    /// Get ready for products of fewer rows than M, before they are recorded.
    member _.Prepare(rows: int) =
        library.CublasLt |> Option.iter (fun cublasLt -> prepare cublasLt rows |> ignore)

    /// C = op(A)·op(B) + bias, where the bias is (N), or empty for none.
    member _.Run(a: DeviceMatrix, b: DeviceMatrix, bias: DeviceArray<float32>, c: DeviceMatrix) =
        run false a b bias c

    /// The same with the B of the last `Run`, which is not rounded again.
    member _.RunAgain
        (a: DeviceMatrix, b: DeviceMatrix, bias: DeviceArray<float32>, c: DeviceMatrix)
        =
        run true a b bias c

    /// The same with what stands in `Words`, whose first `rows` rows of A count.
    member _.RunWords(rows: int, bias: DeviceArray<float32>, c: DeviceMatrix) =
        if rows <> c.Rows || c.Cols <> shape.N then
            invalidArg (nameof c) $"({c.Rows}, {c.Cols}) is not made of {rows} rows by {shape}"

        multiply c c bias c
