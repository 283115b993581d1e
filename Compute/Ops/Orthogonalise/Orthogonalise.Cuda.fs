namespace SynthSae.Compute.Ops

open System
open SynthSae.Compute
open SynthSae.Compute.Cuda

module OrthogonaliseCuda =
    /// Blocks of eight rows.
    let private blocks (v: DeviceMatrix) = (v.Rows + 7) / 8

    let private normalise (gpu: Gpu) (v: DeviceMatrix) =
        let arguments = [ v.Arg; Arg.Of v.Rows; Arg.Of v.Cols; Arg.Of Rows.SmallestNorm ]
        gpu.Launch("orthogonalise_normalise", blocks v, 256, arguments)

    /// `steps` steps on V in place, by the closed form of the gradient. Memory of the GPU: four (N, D) arrays and one
    /// (D, D), given back at the end.
    let runWith (library: GemmLibrary) (steps: int) (lr: float) (v: Matrix) =
        let gpu = library.Gpu
        let device = DeviceMatrix.ofMatrix gpu v
        let zeros () = DeviceMatrix.zeros gpu v.Rows v.Cols
        let mean, square, product = zeros (), zeros (), zeros ()
        let gram = DeviceMatrix(gpu, v.Cols, v.Cols)
        use none = new DeviceArray<float32>(gpu, 0)
        let toGram = GemmCuda(library, GemmShape.plain true false v.Cols v.Cols v.Rows)
        let toProduct = GemmCuda(library, GemmShape.plain false false v.Rows v.Cols v.Cols)
        normalise gpu device

        for t in 1..steps do
            let struct (rate, scale) = Orthogonalise.corrections lr t
            toGram.Run(device, device, none, gram)
            toProduct.Run(device, gram, none, product)

            gpu.Launch(
                "orthogonalise_adam",
                blocks device,
                256,
                [ product.Arg
                  device.Arg
                  mean.Arg
                  square.Arg
                  Arg.Of v.Rows
                  Arg.Of v.Cols
                  Arg.Of(float32 rate)
                  Arg.Of(float32 scale) ]
            )

        normalise gpu device
        device.Download v

        for matrix in [ device; mean; square; product; gram ] do
            (matrix.Elements :> IDisposable).Dispose()

    /// `steps` steps on V in place, by the closed form of the gradient.
    let run (gpu: Gpu) (steps: int) (lr: float) (v: Matrix) =
        runWith (GemmLibrary.Open gpu) steps lr v
