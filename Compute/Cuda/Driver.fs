namespace SynthSae.Compute.Cuda

open System
open System.Runtime.InteropServices
open System.Text
open Microsoft.FSharp.NativeInterop

/// What a CUDA library refused: the call, its error's number, name and text.
exception CudaError of call: string * code: int * name: string * text: string with
    override error.Message = $"{error.call}: {error.name} ({error.code}): {error.text}"

/// The CUDA driver API, as far as it is used (libcuda.so.1, CUDA 11.4 and later).
module internal DriverApi =
    [<Literal>]
    let Lib = "cuda"

    [<DllImport(Lib)>]
    extern int cuInit(uint32 flags)

    [<DllImport(Lib)>]
    extern int cuDriverGetVersion(int& version)

    [<DllImport(Lib)>]
    extern int cuGetErrorName(int error, nativeint& text)

    [<DllImport(Lib)>]
    extern int cuGetErrorString(int error, nativeint& text)

    [<DllImport(Lib)>]
    extern int cuDeviceGetCount(int& count)

    [<DllImport(Lib)>]
    extern int cuDeviceGet(int& device, int ordinal)

    [<DllImport(Lib)>]
    extern int cuDeviceGetName(byte[] name, int length, int device)

    [<DllImport(Lib)>]
    extern int cuDeviceGetAttribute(int& value, int attribute, int device)

    [<DllImport(Lib)>]
    extern int cuDeviceTotalMem_v2(unativeint& bytes, int device)

    [<DllImport(Lib)>]
    extern int cuDevicePrimaryCtxRetain(nativeint& context, int device)

    [<DllImport(Lib)>]
    extern int cuDevicePrimaryCtxRelease_v2(int device)

    [<DllImport(Lib)>]
    extern int cuCtxSetCurrent(nativeint context)

    [<DllImport(Lib)>]
    extern int cuCtxSynchronize()

    [<DllImport(Lib)>]
    extern int cuMemGetInfo_v2(unativeint& free, unativeint& total)

    [<DllImport(Lib)>]
    extern int cuModuleLoadDataEx(
        nativeint& handle,
        byte[] image,
        uint32 options,
        nativeint keys,
        nativeint values
    )

    [<DllImport(Lib)>]
    extern int cuModuleUnload(nativeint handle)

    [<DllImport(Lib)>]
    extern int cuModuleGetFunction(nativeint& entry, nativeint handle, string name)

    [<DllImport(Lib)>]
    extern int cuFuncSetAttribute(nativeint entry, int attribute, int value)

    [<DllImport(Lib)>]
    extern int cuFuncGetAttribute(int& value, int attribute, nativeint entry)

    [<DllImport(Lib)>]
    extern int cuLaunchKernel(
        nativeint entry,
        uint32 gridX,
        uint32 gridY,
        uint32 gridZ,
        uint32 blockX,
        uint32 blockY,
        uint32 blockZ,
        uint32 sharedBytes,
        nativeint stream,
        nativeint arguments,
        nativeint extra
    )

    [<DllImport(Lib)>]
    extern int cuMemAlloc_v2(uint64& pointer, unativeint bytes)

    [<DllImport(Lib)>]
    extern int cuMemFree_v2(uint64 pointer)

    [<DllImport(Lib)>]
    extern int cuMemHostAlloc(nativeint& pointer, unativeint bytes, uint32 flags)

    [<DllImport(Lib)>]
    extern int cuMemFreeHost(nativeint pointer)

    [<DllImport(Lib)>]
    extern int cuMemcpyHtoDAsync_v2(
        uint64 target,
        nativeint source,
        unativeint bytes,
        nativeint stream
    )

    [<DllImport(Lib)>]
    extern int cuMemcpyDtoHAsync_v2(
        nativeint target,
        uint64 source,
        unativeint bytes,
        nativeint stream
    )

    [<DllImport(Lib)>]
    extern int cuMemcpyDtoDAsync_v2(uint64 target, uint64 source, unativeint bytes, nativeint stream)

    [<DllImport(Lib)>]
    extern int cuMemsetD8Async(uint64 target, byte value, unativeint count, nativeint stream)

    [<DllImport(Lib)>]
    extern int cuMemsetD32Async(uint64 target, uint32 value, unativeint count, nativeint stream)

    [<DllImport(Lib)>]
    extern int cuStreamCreate(nativeint& stream, uint32 flags)

    [<DllImport(Lib)>]
    extern int cuStreamDestroy_v2(nativeint stream)

    [<DllImport(Lib)>]
    extern int cuStreamSynchronize(nativeint stream)

    [<DllImport(Lib)>]
    extern int cuStreamWaitEvent(nativeint stream, nativeint event, uint32 flags)

    [<DllImport(Lib)>]
    extern int cuEventCreate(nativeint& event, uint32 flags)

    [<DllImport(Lib)>]
    extern int cuEventDestroy_v2(nativeint event)

    [<DllImport(Lib)>]
    extern int cuEventRecord(nativeint event, nativeint stream)

    [<DllImport(Lib)>]
    extern int cuEventSynchronize(nativeint event)

    [<DllImport(Lib)>]
    extern int cuEventElapsedTime(single& milliseconds, nativeint start, nativeint stop)

    [<DllImport(Lib)>]
    extern int cuStreamBeginCapture_v2(nativeint stream, int mode)

    [<DllImport(Lib)>]
    extern int cuStreamEndCapture(nativeint stream, nativeint& graph)

    [<DllImport(Lib)>]
    extern int cuGraphInstantiateWithFlags(nativeint& exec, nativeint graph, uint64 flags)

    [<DllImport(Lib)>]
    extern int cuGraphUpload(nativeint exec, nativeint stream)

    [<DllImport(Lib)>]
    extern int cuGraphLaunch(nativeint exec, nativeint stream)

    [<DllImport(Lib)>]
    extern int cuGraphExecDestroy(nativeint exec)

    [<DllImport(Lib)>]
    extern int cuGraphDestroy(nativeint graph)

/// Calls of the driver that raise `CudaError` where it refuses.
module internal Driver =
    /// CUDA_ERROR_OUT_OF_MEMORY.
    [<Literal>]
    let OutOfMemory = 2

    /// The name of an error.
    let errorName code =
        let mutable address = 0n

        if DriverApi.cuGetErrorName (code, &address) = 0 && address <> 0n then
            Marshal.PtrToStringUTF8 address
        else
            "unknown error"

    /// What an error means.
    let errorText code =
        let mutable address = 0n

        if DriverApi.cuGetErrorString (code, &address) = 0 && address <> 0n then
            Marshal.PtrToStringUTF8 address
        else
            "unknown error"

    /// Raise unless a call succeeded.
    let check (call: string) (code: int) =
        if code <> 0 then
            raise (CudaError(call, code, errorName code, errorText code))

    /// Load an image of kernels into the current context. Raises `CudaError`, with what the driver's compiler has to
    /// say of PTX.
    let loadModule (image: byte[]) : nativeint =
        let log = Array.zeroCreate<byte> 8192
        use room = fixed log
        // CU_JIT_ERROR_LOG_BUFFER and CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES.
        use keys = fixed [| 5; 6 |]
        use values = fixed [| NativePtr.toNativeInt room; nativeint log.Length |]
        let mutable handle = 0n

        let code =
            DriverApi.cuModuleLoadDataEx (
                &handle,
                image,
                2u,
                NativePtr.toNativeInt keys,
                NativePtr.toNativeInt values
            )

        if code <> 0 then
            let said = (Encoding.UTF8.GetString(log).Split('\000')[0]).Trim()
            let text = if said = "" then errorText code else $"{errorText code}: {said}"
            raise (CudaError("cuModuleLoadDataEx", code, errorName code, text))

        handle
