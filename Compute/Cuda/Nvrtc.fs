namespace SynthSae.Compute.Cuda

open System
open System.Runtime.InteropServices
open System.Text

/// NVRTC's functions, by their own names. Not to be called before `Library.search` has found NVRTC.
module internal NvrtcNative =
    [<DllImport(Library.NvrtcName)>]
    extern int nvrtcCreateProgram(
        nativeint& program,
        byte[] source,
        byte[] name,
        int headers,
        nativeint headerTexts,
        nativeint headerNames
    )

    [<DllImport(Library.NvrtcName)>]
    extern int nvrtcDestroyProgram(nativeint& program)

    [<DllImport(Library.NvrtcName)>]
    extern int nvrtcCompileProgram(nativeint program, int count, nativeint[] options)

    [<DllImport(Library.NvrtcName)>]
    extern int nvrtcGetProgramLogSize(nativeint program, unativeint& size)

    [<DllImport(Library.NvrtcName)>]
    extern int nvrtcGetProgramLog(nativeint program, byte[] log)

    [<DllImport(Library.NvrtcName)>]
    extern int nvrtcGetPTXSize(nativeint program, unativeint& size)

    [<DllImport(Library.NvrtcName)>]
    extern int nvrtcGetPTX(nativeint program, byte[] ptx)

    [<DllImport(Library.NvrtcName)>]
    extern int nvrtcGetCUBINSize(nativeint program, unativeint& size)

    [<DllImport(Library.NvrtcName)>]
    extern int nvrtcGetCUBIN(nativeint program, byte[] cubin)

    [<DllImport(Library.NvrtcName)>]
    extern int nvrtcGetNumSupportedArchs(int& count)

    [<DllImport(Library.NvrtcName)>]
    extern int nvrtcGetSupportedArchs(int[] architectures)

    [<DllImport(Library.NvrtcName)>]
    extern nativeint nvrtcGetErrorString(int code)

/// What NVRTC made of a source.
type Compilation =
    {
        /// A cubin for `sm_…`, PTX that ends with a zero byte for `compute_…`.
        Image: byte[]
        /// What the compiler had to say; empty when there was nothing to complain about.
        Log: string
    }

/// NVIDIA's compiler of kernels, as a library.
module Nvrtc =
    let private errorName code =
        match NvrtcNative.nvrtcGetErrorString code with
        | 0n -> $"error {code}"
        | text -> Marshal.PtrToStringUTF8 text

    let private require (action: string) code =
        if code <> 0 then
            failwith $"NVRTC: {action}: {errorName code}"

    /// Look for it before its first call.
    let private requireFound () =
        let search = Library.search CudaLibrary.Nvrtc

        if search.Found.IsNone then
            invalidOp search.Problem

    let private zeroEnded (text: string) = Encoding.UTF8.GetBytes(text + "\000")

    /// The architectures that this NVRTC compiles for, ascending: 80 stands for sm_80. Fails when NVRTC
    /// was not found.
    let architectures () : int list =
        requireFound ()
        let mutable count = 0
        require "architectures" (NvrtcNative.nvrtcGetNumSupportedArchs &count)
        let found = Array.zeroCreate count
        require "architectures" (NvrtcNative.nvrtcGetSupportedArchs found)
        List.sort (List.ofArray found)

    let private logOf program =
        let mutable size = 0un
        require "log" (NvrtcNative.nvrtcGetProgramLogSize (program, &size))
        let log = Array.zeroCreate (int size)
        require "log" (NvrtcNative.nvrtcGetProgramLog (program, log))
        (Encoding.UTF8.GetString log).Trim('\000', '\n', ' ')

    let private imageOf program (architecture: string) =
        let mutable size = 0un

        if architecture.StartsWith "sm_" then
            require "cubin" (NvrtcNative.nvrtcGetCUBINSize (program, &size))
            let image = Array.zeroCreate (int size)
            require "cubin" (NvrtcNative.nvrtcGetCUBIN (program, image))
            image
        else
            require "PTX" (NvrtcNative.nvrtcGetPTXSize (program, &size))
            let image = Array.zeroCreate (int size)
            require "PTX" (NvrtcNative.nvrtcGetPTX (program, image))
            image

    let private compileProgram (program: nativeint) (options: string list) =
        let texts = options |> List.map Marshal.StringToCoTaskMemUTF8 |> Array.ofList

        try
            NvrtcNative.nvrtcCompileProgram (program, texts.Length, texts)
        finally
            Array.iter Marshal.FreeCoTaskMem texts

    /// Compile CUDA C++ for an architecture: `sm_90` gives a cubin, `compute_80` PTX. The error says why it
    /// failed, the compiler's complaints with line numbers included. Takes seconds for all kernels. Fails
    /// when NVRTC was not found.
    let compile (source: string) (architecture: string) (options: string list) =
        requireFound ()
        let mutable program = 0n

        let created =
            NvrtcNative.nvrtcCreateProgram (
                &program,
                zeroEnded source,
                zeroEnded "kernels.cu",
                0,
                0n,
                0n
            )

        require "program" created

        try
            let code = compileProgram program (options @ [ $"--gpu-architecture={architecture}" ])
            let log = logOf program

            if code = 0 then
                Ok { Image = imageOf program architecture; Log = log }
            else
                let complaints = if log = "" then "" else "\n" + log
                Error $"NVRTC: {architecture}: {errorName code}{complaints}"
        finally
            NvrtcNative.nvrtcDestroyProgram &program |> ignore
