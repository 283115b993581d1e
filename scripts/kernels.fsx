// Compiles the kernels with NVRTC as for a GPU and shows what each takes: registers and stack of a thread, spilled
// registers, static shared memory of a block. Needs no GPU. Ends with exit code 1 if the compiler complains or a
// kernel spills, with 3 without NVRTC.
//
//   dotnet fsi scripts/kernels.fsx [ARCHITECTURE…]
//   dotnet fsi scripts/kernels.fsx sm_80 sm_90

#load "load.fsx"

open SynthSae.Compute.Cuda

let architectures =
    match Script.arguments with
    | [] -> [ "sm_80"; "sm_90" ]
    | given -> given

let search = Library.search CudaLibrary.Nvrtc

if search.Found.IsNone then
    eprintfn "%s" search.Problem
    exit 3

let show (architecture: string) : bool =
    match KernelResources.measure Kernels.source architecture with
    | Error problem ->
        eprintfn "%s" problem
        false
    | Ok(kernels, complaints) ->
        Script.table
            [ architecture; "registers"; "stack"; "spilled"; "shared" ]
            [ for kernel in kernels do
                  // Functions that kernels call have no registers of their own.
                  if kernel.Registers > 0 || kernel.Spilled > 0 then
                      kernel.Kernel
                      :: List.map
                          string
                          [ kernel.Registers; kernel.Stack; kernel.Spilled; kernel.Shared ] ]

        printfn ""
        List.iter (eprintfn "%s") complaints
        complaints.IsEmpty && kernels |> List.forall (fun kernel -> kernel.Spilled = 0)

if not (architectures |> List.map show |> List.forall id) then
    eprintfn "The compiler complains, or registers are spilled."
    exit 1
