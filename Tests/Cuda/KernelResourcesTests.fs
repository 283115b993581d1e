module SynthSae.Tests.Cuda.KernelResourcesTests

open SynthSae.Compute.Cuda
open Xunit

let private log =
    """ptxas info    : 16 bytes gmem
ptxas info    : Compiling entry function 'first' for 'sm_80'
ptxas info    : Function properties for first
ptxas         .     256 bytes stack frame, 8 bytes spill stores, 12 bytes spill loads
ptxas info    : Used 40 registers, 2 barriers, 1024 bytes smem, 364 bytes cmem[0]
ptxas info    : Function properties for helper
ptxas         .     0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
kernels.cu(7): warning #177-D: variable "x" was declared but never referenced

ptxas info    : Compiling entry function 'second' for 'sm_80'
ptxas info    : Function properties for second
ptxas         .     0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 12 registers, 364 bytes cmem[0]"""

[<Fact>]
let ``registers, stack, spills and shared memory are read from the log, and complaints kept`` () =
    let kernels, complaints = KernelResources.parse log

    let figures =
        [ for kernel in kernels ->
              kernel.Kernel, kernel.Registers, kernel.Stack, kernel.Spilled, kernel.Shared ]

    Assert.Equal<(string * int * int * int * int) list>(
        [ "first", 40, 256, 12, 1024; "helper", 0, 0, 0, 0; "second", 12, 0, 0, 0 ],
        figures
    )

    let warning =
        "kernels.cu(7): warning #177-D: variable \"x\" was declared but never referenced"

    Assert.Equal<string list>([ warning ], complaints)

[<Fact>]
let ``an empty log has neither kernels nor complaints`` () =
    Assert.Equal(([], []), KernelResources.parse "")
