namespace SynthSae.Compute.Cuda

open System
open System.Runtime.InteropServices
open Microsoft.FSharp.NativeInterop

/// cuBLASLt's functions, by their own names (the same in CUDA 11, 12 and 13). Not to be called before
/// `Library.search` has found it.
module internal CublasLtNative =
    [<DllImport(Library.CublasLtName)>]
    extern int cublasLtCreate(nativeint& handle)

    [<DllImport(Library.CublasLtName)>]
    extern int cublasLtDestroy(nativeint handle)

    [<DllImport(Library.CublasLtName)>]
    extern int cublasLtMatmulDescCreate(nativeint& descriptor, int compute, int scale)

    [<DllImport(Library.CublasLtName)>]
    extern int cublasLtMatmulDescSetAttribute(
        nativeint descriptor,
        int attribute,
        nativeint value,
        unativeint size
    )

    [<DllImport(Library.CublasLtName)>]
    extern int cublasLtMatmulDescDestroy(nativeint descriptor)

    [<DllImport(Library.CublasLtName)>]
    extern int cublasLtMatrixLayoutCreate(
        nativeint& layout,
        int elementType,
        uint64 rows,
        uint64 columns,
        int64 stride
    )

    [<DllImport(Library.CublasLtName)>]
    extern int cublasLtMatrixLayoutDestroy(nativeint layout)

    [<DllImport(Library.CublasLtName)>]
    extern int cublasLtMatmulPreferenceCreate(nativeint& preference)

    [<DllImport(Library.CublasLtName)>]
    extern int cublasLtMatmulPreferenceSetAttribute(
        nativeint preference,
        int attribute,
        nativeint value,
        unativeint size
    )

    [<DllImport(Library.CublasLtName)>]
    extern int cublasLtMatmulPreferenceDestroy(nativeint preference)

    [<DllImport(Library.CublasLtName)>]
    extern int cublasLtMatmulAlgoGetHeuristic(
        nativeint handle,
        nativeint descriptor,
        nativeint a,
        nativeint b,
        nativeint c,
        nativeint d,
        nativeint preference,
        int wanted,
        byte* results,
        int& count
    )

    [<DllImport(Library.CublasLtName)>]
    extern int cublasLtMatmul(
        nativeint handle,
        nativeint descriptor,
        float32& alpha,
        uint64 a,
        nativeint layoutA,
        uint64 b,
        nativeint layoutB,
        float32& beta,
        uint64 c,
        nativeint layoutC,
        uint64 d,
        nativeint layoutD,
        byte* algorithm,
        uint64 workspace,
        unativeint workspaceBytes,
        nativeint stream
    )

/// How the factors of a product are stored and multiplied. Sums and results are float32 always.
[<RequireQualifiedAccess>]
type MatmulInput =
    /// float32, multiplied as such.
    | Float32
    /// float32, each factor rounded to 10 bits of fraction by the tensor cores.
    | Tf32
    /// bfloat16: 16-bit words, the upper half of a float32.
    | Bfloat16

/// A product C = op(A) · op(B) + bias of row-major matrices without gaps between rows; C is (M, N).
type MatmulShape =
    {
        M: int
        N: int
        K: int
        /// A is (K, M) instead of (M, K).
        TransposeA: bool
        /// B is (N, K) instead of (K, N).
        TransposeB: bool
        Input: MatmulInput
        /// A float32 vector (N) is added to every row.
        Bias: bool
    }

module internal CublasLtStatus =
    let name status =
        match status with
        | 1 -> "not initialised"
        | 3 -> "out of memory"
        | 7 -> "invalid value"
        | 8 -> "not for this device"
        | 13 -> "execution failed"
        | 14 -> "internal error"
        | 15 -> "not supported"
        | 16 -> "no licence"
        | other -> $"status {other}"

    let require (call: string) status =
        if status <> 0 then
            raise (CudaError(call, status, name status, "cuBLASLt refused"))

/// cuBLASLt in the current device's context. To be used on one thread at a time.
[<Sealed>]
type CublasLt private (handle: nativeint) =
    let mutable handle = handle

    /// Bytes of device memory that a product is given to work in.
    static member WorkspaceBytes = 32 <<< 20

    member internal _.Handle = handle

    /// Open the library in the current context; the error says why there is none.
    static member TryCreate() : Result<CublasLt, string> =
        let search = Library.search CudaLibrary.CublasLt

        if search.Found.IsNone then
            Error search.Problem
        else
            let mutable handle = 0n
            let status = CublasLtNative.cublasLtCreate &handle

            if status = 0 then
                Ok(new CublasLt(handle))
            else
                Error $"cuBLASLt cannot start: {CublasLtStatus.name status}"

    interface IDisposable with
        member _.Dispose() =
            if handle <> 0n then
                CublasLtNative.cublasLtDestroy handle |> ignore
                handle <- 0n

/// Numbers of cuBLASLt's header, equal in 11, 12 and 13.
module private CublasLtCodes =
    let real32, realBf16 = 0, 14
    let compute32, computeTf32 = 68, 77
    let transposeA, transposeB, epilogue, biasPointer = 3, 4, 7, 8
    let epilogueBias = 4
    let maxWorkspace, firstAlignment = 1, 5
    // Bytes of a heuristic's result, and in it of the algorithm, which comes first; the state's place.
    let resultBytes, algorithmBytes, state = 96, 64, 72

/// A product of fixed sizes, with the algorithm that cuBLASLt's heuristic chose when this was made. Make it before
/// a stream is captured: `Run` only enqueues. A column-major library sees row-major matrices transposed, so it is
/// asked for Cᵀ = op(B)ᵀ · op(A)ᵀ.
[<Sealed>]
type Matmul(library: CublasLt, shape: MatmulShape) =
    let require = CublasLtStatus.require

    do
        if min shape.M (min shape.N shape.K) < 1 then
            invalidArg "shape" "sizes must be at least 1"

    let elements, compute =
        match shape.Input with
        | MatmulInput.Float32 -> CublasLtCodes.real32, CublasLtCodes.compute32
        | MatmulInput.Tf32 -> CublasLtCodes.real32, CublasLtCodes.computeTf32
        | MatmulInput.Bfloat16 -> CublasLtCodes.realBf16, CublasLtCodes.compute32

    let set descriptor attribute (value: 'V) =
        let mutable value = value
        let size = unativeint sizeof<'V>

        CublasLtNative.cublasLtMatmulDescSetAttribute (
            descriptor,
            attribute,
            NativePtr.toNativeInt &&value,
            size
        )
        |> require "cublasLtMatmulDescSetAttribute"

    let descriptor =
        let mutable descriptor = 0n

        CublasLtNative.cublasLtMatmulDescCreate (&descriptor, compute, CublasLtCodes.real32)
        |> require "cublasLtMatmulDescCreate"

        set descriptor CublasLtCodes.transposeA (if shape.TransposeB then 1 else 0)
        set descriptor CublasLtCodes.transposeB (if shape.TransposeA then 1 else 0)

        if shape.Bias then
            set descriptor CublasLtCodes.epilogue CublasLtCodes.epilogueBias

        descriptor

    /// The layout of a row-major matrix (rows, columns), read as its transpose.
    let layout elements rows columns =
        let mutable layout = 0n

        CublasLtNative.cublasLtMatrixLayoutCreate (
            &layout,
            elements,
            uint64 columns,
            uint64 rows,
            int64 columns
        )
        |> require "cublasLtMatrixLayoutCreate"

        layout

    let layoutA =
        if shape.TransposeA then
            layout elements shape.K shape.M
        else
            layout elements shape.M shape.K

    let layoutB =
        if shape.TransposeB then
            layout elements shape.N shape.K
        else
            layout elements shape.K shape.N

    let layoutC = layout CublasLtCodes.real32 shape.M shape.N

    let prefer preference attribute (value: 'V) =
        let mutable value = value
        let size = unativeint sizeof<'V>

        CublasLtNative.cublasLtMatmulPreferenceSetAttribute (
            preference,
            attribute,
            NativePtr.toNativeInt &&value,
            size
        )
        |> require "cublasLtMatmulPreferenceSetAttribute"

    let preference () =
        let mutable preference = 0n

        CublasLtNative.cublasLtMatmulPreferenceCreate &preference
        |> require "cublasLtMatmulPreferenceCreate"

        prefer preference CublasLtCodes.maxWorkspace (uint64 CublasLt.WorkspaceBytes)

        // Matrices may begin at any row of another, on 16 bytes at the least.
        for operand in 0..3 do
            prefer preference (CublasLtCodes.firstAlignment + operand) 16u

        preference

    let algorithm: byte[] =
        let preference = preference ()

        try
            let results = Array.zeroCreate<byte> CublasLtCodes.resultBytes
            use pinned = fixed results
            let mutable count = 0

            CublasLtNative.cublasLtMatmulAlgoGetHeuristic (
                library.Handle,
                descriptor,
                layoutB,
                layoutA,
                layoutC,
                layoutC,
                preference,
                1,
                pinned,
                &count
            )
            |> require "cublasLtMatmulAlgoGetHeuristic"

            if count = 0 then
                require "cublasLtMatmulAlgoGetHeuristic" 15

            BitConverter.ToInt32(results, CublasLtCodes.state)
            |> require "cublasLtMatmulAlgoGetHeuristic"

            results[.. CublasLtCodes.algorithmBytes - 1]
        finally
            CublasLtNative.cublasLtMatmulPreferenceDestroy preference |> ignore

    let mutable isOpen = true

    member _.Shape = shape

    /// Enqueue the product. Device addresses: `a` and `b` as the shape says, `bias` (N) or 0, `c` (M, N),
    /// `workspace` of `CublasLt.WorkspaceBytes`, which no other work of another stream may use at the time.
    member _.Run
        (stream: nativeint, a: uint64, b: uint64, bias: uint64, c: uint64, workspace: uint64)
        =
        ObjectDisposedException.ThrowIf(not isOpen, typeof<Matmul>)
        let mutable alpha = 1.0f
        let mutable beta = 0.0f

        if shape.Bias then
            set descriptor CublasLtCodes.biasPointer bias

        use pinned = fixed algorithm

        CublasLtNative.cublasLtMatmul (
            library.Handle,
            descriptor,
            &alpha,
            b,
            layoutB,
            a,
            layoutA,
            &beta,
            c,
            layoutC,
            c,
            layoutC,
            pinned,
            workspace,
            unativeint CublasLt.WorkspaceBytes,
            stream
        )
        |> require "cublasLtMatmul"

    interface IDisposable with
        member _.Dispose() =
            if isOpen then
                isOpen <- false
                CublasLtNative.cublasLtMatmulDescDestroy descriptor |> ignore

                for layout in [ layoutA; layoutB; layoutC ] do
                    CublasLtNative.cublasLtMatrixLayoutDestroy layout |> ignore
