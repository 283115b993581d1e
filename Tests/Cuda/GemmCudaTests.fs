module SynthSae.Tests.Cuda.GemmCudaTests

open SynthSae.Bench
open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops
open SynthSae.Spec
open SynthSae.Tests
open Xunit

let private libraries (gpu: Gpu) =
    [ GemmLibrary.Open gpu; GemmLibrary.Own gpu ]

let private precisions = [ Precision.Fp32; Precision.Tf32; Precision.Bf16 ]

let private bits (c: DeviceMatrix) =
    c.Elements.Download() |> Array.map System.BitConverter.SingleToInt32Bits

[<Collection("gpu")>]
type GemmCudaTests() =
    [<CudaFact>]
    member _.``cuBLASLt multiplies where it is found, and our kernels where it is not``() =
        let gpu = FakeGpu.gpu ()
        let found, own = GemmLibrary.Open gpu, GemmLibrary.Own gpu
        Assert.Equal((GemmKind.CublasLt, ""), (found.Kind, found.Problem))
        Assert.Equal(GemmKind.Own, own.Kind)
        Assert.NotEmpty own.Problem

    [<CudaFact>]
    member _.``a recorded product reads what stands in its operands when it is repeated``() =
        let gpu = FakeGpu.gpu ()

        for library in libraries gpu do
            for precision in precisions do
                let gemm = GemmCuda(library, GemmShape.encoder precision 20 33 40)
                let a, b = DeviceMatrix.zeros gpu 12 40, DeviceMatrix.zeros gpu 33 40
                use bias = DeviceArray.ofArray gpu (Inputs.normals 3 33)
                let recorded, direct = DeviceMatrix.zeros gpu 12 33, DeviceMatrix.zeros gpu 12 33
                gemm.Prepare 12
                use graph = gpu.Capture(fun () -> gemm.Run(a, b, bias, recorded))

                for seed in 1..2 do
                    a.Upload(Inputs.normal seed 12 40)
                    b.Upload(Inputs.normal (seed + 10) 33 40)
                    gpu.Launch graph
                    gemm.Run(a, b, bias, direct)
                    Assert.Equal<int[]>(bits direct, bits recorded)

    [<CudaFact>]
    member _.``what does not fit is refused``() =
        let gpu = FakeGpu.gpu ()
        let library = GemmLibrary.Own gpu
        let gemm = GemmCuda(library, GemmShape.encoder Precision.Fp32 4 5 6)
        let matrix rows cols = DeviceMatrix.zeros gpu rows cols
        use bias = DeviceArray.zeros<float32> gpu 5
        use none = new DeviceArray<float32>(gpu, 0)

        for a, b, bias, c in
            [ matrix 5 6, matrix 5 6, bias, matrix 5 5
              matrix 4 7, matrix 5 7, bias, matrix 4 5
              matrix 4 6, matrix 5 6, none, matrix 4 5
              matrix 4 6, matrix 5 6, bias, matrix 3 5 ] do
            Assert.Throws<System.ArgumentException>(fun () -> gemm.Run(a, b, bias, c)) |> ignore

        for shape in
            [ GemmShape.plain true true 2 2 2
              { GemmShape.plain false false 2 2 2 with
                  Precision = Precision.Bf16 } ] do
            Assert.Throws<System.ArgumentException>(fun () -> GemmCuda(library, shape) |> ignore)
            |> ignore
